// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.ops;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.InstantSource;

/**
 * Counts what became of changes of the configuration while the gateway runs. Safe on any thread.
 */
public final class ReloadMeters {
  private static final double MILLIS_PER_SECOND = 1_000;

  private final InstantSource clock;
  private final Counter taken;
  private final Counter refused;
  private volatile long loadedMillis;

  ReloadMeters(MeterRegistry registry, InstantSource clock) {
    this.clock = clock;
    this.loadedMillis = clock.millis();
    this.taken = Metric.CONFIG_RELOADS.counter(registry, "taken");
    this.refused = Metric.CONFIG_RELOADS.counter(registry, "refused");
    Metric.CONFIG_LOADED.gauge(registry, () -> loadedMillis / MILLIS_PER_SECOND);
  }

  /** What was read is in use. */
  public void taken() {
    loadedMillis = clock.millis();
    taken.increment();
  }

  /** What was read is invalid, and what was there before stays. */
  public void refused() {
    refused.increment();
  }
}
