// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.ops;

import static java.util.concurrent.TimeUnit.NANOSECONDS;

import dev.maglatch.usage.UsageMetrics;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.util.concurrent.atomic.AtomicInteger;

/** Counts what becomes of usage. */
final class UsageMeters implements UsageMetrics {
  private final Counter dropped;
  private final Counter rows;
  private final Timer succeeded;
  private final Timer failed;
  private final AtomicInteger pending = new AtomicInteger();

  UsageMeters(MeterRegistry registry) {
    dropped = Metric.USAGE_DROPPED.counter(registry);
    rows = Metric.USAGE_ROWS.counter(registry);
    succeeded = Metric.USAGE_FLUSH.histogram(registry, "succeeded");
    failed = Metric.USAGE_FLUSH.histogram(registry, "failed");
    Metric.USAGE_PENDING.gauge(registry, pending::get);
  }

  @Override
  public void dropped(long uses) {
    dropped.increment((double) uses);
  }

  @Override
  public void flushed(long nanos, boolean wasWritten) {
    (wasWritten ? succeeded : failed).record(nanos, NANOSECONDS);
  }

  @Override
  public void rowsWritten(int written) {
    rows.increment(written);
  }

  @Override
  public void pendingKeys(int keys) {
    pending.set(keys);
  }
}
