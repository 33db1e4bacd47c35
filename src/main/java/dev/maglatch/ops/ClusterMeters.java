// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.ops;

import static java.util.concurrent.TimeUnit.NANOSECONDS;

import dev.maglatch.cluster.ClusterMetrics;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.util.function.LongSupplier;

/** Counts what keeps the replicas together. */
final class ClusterMeters implements ClusterMetrics {
  private static final double NANOS_PER_SECOND = 1e9;

  private final LongSupplier nanoTime;
  private final Timer answered;
  private final Timer failed;
  private final Timer confirmed;
  private final Counter expired;
  private final Counter applied;
  private final Counter dropped;
  private volatile long completeAtNanos;

  ClusterMeters(MeterRegistry registry, LongSupplier nanoTime) {
    this.nanoTime = nanoTime;
    this.completeAtNanos = nanoTime.getAsLong();
    answered = Metric.LEASE_RENEWAL.histogram(registry, "answered");
    failed = Metric.LEASE_RENEWAL.histogram(registry, "failed");
    confirmed = Metric.REVOCATION.histogram(registry);
    expired = Metric.REVOCATION_EXPIRED.counter(registry);
    applied = Metric.CHANGES_APPLIED.counter(registry);
    dropped = Metric.CACHE_DROPS.counter(registry);
    Metric.FEED_AGE.gauge(registry, this::feedAge);
  }

  private double feedAge() {
    return (nanoTime.getAsLong() - completeAtNanos) / NANOS_PER_SECOND;
  }

  @Override
  public void renewed(long nanos, boolean wasAnswered) {
    (wasAnswered ? answered : failed).record(nanos, NANOSECONDS);
    if (wasAnswered) {
      completeAtNanos = nanoTime.getAsLong() - nanos;
    }
  }

  @Override
  public void applied(int changes) {
    if (changes < 0) {
      dropped.increment();
    } else {
      applied.increment(changes);
    }
  }

  @Override
  public void confirmed(long nanos, int acknowledged, int replicas, int leasesExpired) {
    confirmed.record(nanos, NANOSECONDS);
    expired.increment(leasesExpired);
  }
}
