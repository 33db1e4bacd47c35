// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.webhook;

import static java.util.Objects.requireNonNull;
import static java.util.concurrent.TimeUnit.MILLISECONDS;

import dev.maglatch.secret.Sealer;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.time.InstantSource;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.random.RandomGenerator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends webhooks: one replica's worker and what it needs, on an event loop of its own.
 *
 * <p>Safe on any thread. Nothing that goes wrong here reaches a request; it is logged, and the
 * deliveries stay due.
 */
public final class Webhooks {
  private static final Logger LOG = LoggerFactory.getLogger(Webhooks.class);
  private static final Duration EXPIRING_AHEAD = Duration.ofDays(7);
  private static final int EXPIRING_AT_ONCE = 100;
  private static final int PRUNED_AT_ONCE = 1_000;
  private static final long UPKEEP_MILLIS = 60_000;
  private static final long AGE_MILLIS = 5_000;

  private final Vertx vertx;
  private final Context loop;
  private final WebhookConfig config;
  private final DeliveryQueue queue;
  private final EventStore events;
  private final HttpCourier courier;
  private final DeliveryWorker worker;
  private final WebhookMetrics metrics;
  private final AtomicBoolean keepingUp = new AtomicBoolean();

  /**
   * @param vertx one that serves no requests, so that no delivery takes their time; the caller's to
   *     close
   * @param replica who claims
   * @param clock what attempts are dated and signed by: receivers refuse what is old
   */
  public Webhooks(
      Vertx vertx,
      UUID replica,
      WebhookConfig config,
      DeliveryQueue queue,
      EventStore events,
      Sealer sealer,
      InstantSource clock,
      WebhookMetrics metrics) {
    this.vertx = requireNonNull(vertx, "vertx");
    this.loop = vertx.getOrCreateContext();
    this.config = requireNonNull(config, "config");
    this.queue = requireNonNull(queue, "queue");
    this.events = requireNonNull(events, "events");
    this.metrics = requireNonNull(metrics, "metrics");
    this.courier =
        new HttpCourier(vertx, config, Names.of(vertx), sealer, clock, HttpCourier.CONNECT_TIMEOUT);
    this.worker =
        new DeliveryWorker(
            replica,
            queue,
            courier,
            config,
            Timing.of(vertx),
            RandomGenerator.getDefault(),
            metrics);
  }

  /** Begins to claim and to send. */
  public void start() {
    loop.runOnContext(
        go -> {
          worker.start();
          upkeep();
          vertx.setPeriodic(UPKEEP_MILLIS, tick -> upkeep());
          measureAge();
          vertx.setPeriodic(AGE_MILLIS, tick -> measureAge());
        });
  }

  /** Returns the longest time that {@link #stop} may take. */
  public Duration stopTimeout() {
    return config.timeout().plusSeconds(1);
  }

  /**
   * Claims no more, lets the attempts that run end, and writes what came of them. What is not done
   * in time becomes due again when its lease is over.
   */
  public Future<Void> stop() {
    Promise<Void> stopped = Promise.promise();
    loop.runOnContext(
        go ->
            worker
                .stop()
                .timeout(stopTimeout().toMillis(), MILLISECONDS)
                .transform(ended -> courier.close())
                .onComplete(closed -> stopped.complete()));
    return stopped.future();
  }

  /** Does what is to be done once in a while, unless the last time is not over yet. */
  private void upkeep() {
    if (keepingUp.compareAndSet(false, true)) {
      events
          .noticeExpiring(EXPIRING_AHEAD, EXPIRING_AT_ONCE)
          .compose(noticed -> prune())
          .onFailure(later -> LOG.debug("webhook upkeep failed reason={}", later.toString()))
          .onComplete(done -> keepingUp.set(false));
    }
  }

  /** Forgets all that is too old, in parts, so that claims come in between. */
  private Future<Void> prune() {
    return queue
        .prune(config.retention(), PRUNED_AT_ONCE)
        .compose(pruned -> pruned == 0 ? Future.succeededFuture() : prune());
  }

  private void measureAge() {
    queue.age().onComplete(age -> metrics.queueAge(age.result()));
  }
}
