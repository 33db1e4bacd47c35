// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.webhook;

import static org.assertj.core.api.Assertions.assertThat;

import dev.maglatch.Await;
import dev.maglatch.secret.Sealer;
import dev.maglatch.secret.SecretRing.SecretKeyBytes;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What is done beside the deliveries. */
class WebhooksTest {
  private static final int OLD = 2_500;

  /** More is published in a minute than one statement forgets: retention holds all the same. */
  @Test
  void everythingTooOldIsForgottenAtOnce() throws InterruptedException {
    OldEvents queue = new OldEvents();
    Vertx vertx = Vertx.vertx();
    Webhooks webhooks =
        new Webhooks(
            vertx,
            UUID.randomUUID(),
            WebhookConfig.of(false, List.of()),
            queue,
            new NoEvents(),
            new Sealer(new SecureRandom(), List.of(new SecretKeyBytes(new byte[32]))),
            InstantSource.system(),
            WebhookMetrics.NONE);
    try {
      webhooks.start();

      assertThat(queue.empty.await(30, TimeUnit.SECONDS)).isTrue();
    } finally {
      Await.result(webhooks.stop());
      Await.result(vertx.close());
    }
  }

  /** Has nothing but events that are too old. */
  private static final class OldEvents implements DeliveryQueue {
    final CountDownLatch empty = new CountDownLatch(1);
    private final AtomicInteger left = new AtomicInteger(OLD);

    @Override
    public Future<Integer> prune(Duration retention, int max) {
      int fewer = max / 2; // they have many deliveries
      int before = left.getAndUpdate(count -> Math.max(0, count - fewer));
      if (before == 0) {
        empty.countDown();
      }
      return Future.succeededFuture(Math.min(before, fewer));
    }

    @Override
    public Future<Void> listen(Runnable handler) {
      return Future.succeededFuture();
    }

    @Override
    public Future<List<Claimed>> claim(Claim claim) {
      return Future.succeededFuture(List.of());
    }

    @Override
    public Future<Void> settle(List<Settlement> settlements) {
      return Future.succeededFuture();
    }

    @Override
    public Future<Duration> age() {
      return Future.succeededFuture(Duration.ZERO);
    }
  }

  /** Has no event. */
  private static final class NoEvents implements EventStore {
    @Override
    public Future<@Nullable Published> publish(
        UUID accountId, String event, JsonObject data, @Nullable String once) {
      return Future.succeededFuture();
    }

    @Override
    public Future<Void> limitReached(UUID keyId, Instant windowEnd) {
      return Future.succeededFuture();
    }

    @Override
    public Future<Integer> noticeExpiring(Duration ahead, int max) {
      return Future.succeededFuture(0);
    }
  }
}
