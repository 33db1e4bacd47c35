// SPDX-License-Identifier: Apache-2.0
package dev.maglatch;

import dev.maglatch.config.GatewayConfig;
import dev.maglatch.postgres.PgDeliveryQueue;
import dev.maglatch.secret.Sealer;
import dev.maglatch.webhook.WebhookMetrics;
import dev.maglatch.webhook.Webhooks;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.UUID;

/**
 * The sending of webhooks, on a Vert.x of its own with one event loop: however busy it is, the
 * loops that serve requests do nothing for it.
 */
final class Deliveries {
  private static final Duration ANSWER_TIMEOUT = Duration.ofSeconds(5);

  private final PgDeliveryQueue queue;
  private final Webhooks webhooks;

  /**
   * @param vertx of {@link #vertx}; the caller's to close
   */
  Deliveries(Vertx vertx, GatewayConfig config, UUID replica, Parts parts, WebhookMetrics metrics) {
    this.queue = new PgDeliveryQueue(vertx, Management.connectOptions(config), ANSWER_TIMEOUT);
    this.webhooks =
        new Webhooks(
            vertx,
            replica,
            config.webhooks(),
            queue,
            parts.management().events(),
            new Sealer(new SecureRandom(), config.secrets().require().encryptionKeys()),
            parts.databaseClock(),
            metrics);
  }

  /** Returns a Vert.x with one event loop. Not to be called on an event loop of another one. */
  static Vertx vertx() {
    return Vertx.vertx(Gateway.options(1).setWorkerPoolSize(1).setInternalBlockingPoolSize(2));
  }

  void start() {
    webhooks.start();
  }

  /** Returns the longest time that {@link #stop} may take. */
  Duration stopTimeout() {
    return webhooks.stopTimeout();
  }

  Future<Void> stop() {
    return webhooks.stop().transform(stopped -> queue.close());
  }
}
