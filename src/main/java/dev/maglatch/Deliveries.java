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

/** The sending of webhooks, over a connection of its own. */
final class Deliveries {
  private static final Duration ANSWER_TIMEOUT = Duration.ofSeconds(5);

  private final PgDeliveryQueue queue;
  private final Webhooks webhooks;

  /**
   * @param vertx one that serves no requests; the caller's to close
   */
  Deliveries(Vertx vertx, GatewayConfig config, UUID replica, Parts parts, WebhookMetrics metrics) {
    this.queue = new PgDeliveryQueue(vertx, Management.connectOptions(config), ANSWER_TIMEOUT);
    this.webhooks =
        new Webhooks(
            vertx,
            replica,
            config.webhooks(),
            queue,
            parts.events(),
            new Sealer(new SecureRandom(), config.secrets().require().encryptionKeys()),
            parts.databaseClock(),
            metrics);
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
