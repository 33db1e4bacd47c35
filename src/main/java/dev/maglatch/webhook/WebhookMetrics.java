// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.webhook;

import dev.maglatch.webhook.DeliveryQueue.Status;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Counts what becomes of deliveries. Attempts = delivered + failed + dead + gone; a delivery fails
 * any number of times before it is one of the other three. Alert when dead grows.
 */
public interface WebhookMetrics {
  WebhookMetrics NONE =
      new WebhookMetrics() {
        @Override
        public void attempted(Status next, long millis) {}

        @Override
        public void inFlight(int deliveries) {}

        @Override
        public void queueAge(@Nullable Duration age) {}
      };

  /** One attempt was made; {@link Status#PENDING} means that it failed and comes again. */
  void attempted(Status next, long millis);

  /** So many deliveries are claimed here and not yet settled. */
  void inFlight(int deliveries);

  /**
   * The oldest due delivery that nobody has claimed has been due for so long; null if nobody can
   * tell, since the store does not answer.
   */
  void queueAge(@Nullable Duration age);
}
