// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.ops;

import static java.util.Objects.requireNonNull;
import static java.util.concurrent.TimeUnit.MILLISECONDS;

import dev.maglatch.webhook.DeliveryQueue.Status;
import dev.maglatch.webhook.WebhookMetrics;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** Counts what becomes of webhooks. */
final class WebhookMeters implements WebhookMetrics {
  private static final double MILLIS_PER_SECOND = 1e3;

  private final Map<Status, Counter> attempts = new EnumMap<>(Status.class);
  private final Timer duration;
  private final AtomicInteger inFlight = new AtomicInteger();
  private volatile double ageSeconds = Double.NaN;

  WebhookMeters(MeterRegistry registry) {
    for (Status status : Status.values()) {
      attempts.put(status, Metric.WEBHOOK_ATTEMPTS.counter(registry, outcome(status)));
    }
    duration = Metric.WEBHOOK_DURATION.histogram(registry);
    Metric.WEBHOOKS_IN_FLIGHT.gauge(registry, inFlight::get);
    Metric.WEBHOOK_QUEUE_AGE.gauge(registry, () -> ageSeconds);
  }

  private static String outcome(Status status) {
    return switch (status) {
      case PENDING -> "failed";
      case DELIVERED -> "delivered";
      case DEAD -> "dead";
      case GONE -> "gone";
    };
  }

  @Override
  public void attempted(Status next, long millis) {
    requireNonNull(attempts.get(next)).increment();
    duration.record(millis, MILLISECONDS);
  }

  @Override
  public void inFlight(int deliveries) {
    inFlight.set(deliveries);
  }

  @Override
  public void queueAge(@Nullable Duration age) {
    ageSeconds = age == null ? Double.NaN : age.toMillis() / MILLIS_PER_SECOND;
  }
}
