// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.ops;

import static java.util.concurrent.TimeUnit.NANOSECONDS;

import dev.maglatch.verify.VerifyMetrics;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;

/** Counts what the key cache did. */
final class VerifyMeters implements VerifyMetrics {
  private final Counter hits;
  private final Counter misses;
  private final Counter forged;
  private final Counter stale;
  private final Timer answered;
  private final Timer failed;

  VerifyMeters(MeterRegistry registry) {
    hits = Metric.CACHE_LOOKUPS.counter(registry, "hit");
    misses = Metric.CACHE_LOOKUPS.counter(registry, "miss");
    forged = Metric.FORGED_TOKENS.counter(registry);
    stale = Metric.STALE_ADMISSIONS.counter(registry);
    answered = Metric.KEY_LOAD.histogram(registry, "answered");
    failed = Metric.KEY_LOAD.histogram(registry, "failed");
  }

  @Override
  public void hit() {
    hits.increment();
  }

  @Override
  public void miss() {
    misses.increment();
  }

  @Override
  public void forged() {
    forged.increment();
  }

  @Override
  public void loaded(long nanos, boolean wasAnswered) {
    (wasAnswered ? answered : failed).record(nanos, NANOSECONDS);
  }

  @Override
  public void servedStale() {
    stale.increment();
  }
}
