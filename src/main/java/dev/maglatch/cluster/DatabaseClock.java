// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.cluster;

import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.function.LongSupplier;

/**
 * The database's wall clock: what it showed at the last renewal, and the monotonic time since (rule
 * 9). So a step of this machine's own wall clock changes nothing.
 *
 * <p>Error: at most half of that renewal's round trip, and the drift since. Before the first
 * renewal it is this machine's clock. Safe on any thread.
 */
public final class DatabaseClock implements InstantSource {
  private static final long NANOS_PER_MILLI = 1_000_000;

  private final InstantSource local;
  private final LongSupplier nanoTime;
  private volatile long offsetNanos; // of the database's epoch time from the monotonic time
  private volatile boolean learnt;

  public DatabaseClock(InstantSource local, LongSupplier nanoTime) {
    this.local = local;
    this.nanoTime = nanoTime;
  }

  /**
   * Learns that the database's clock showed {@code databaseTime} between two instants of the
   * monotonic clock.
   */
  void learn(Instant databaseTime, long sentNanos, long receivedNanos) {
    long middle = sentNanos + (receivedNanos - sentNanos) / 2;
    offsetNanos = ChronoUnit.NANOS.between(Instant.EPOCH, databaseTime) - middle;
    learnt = true;
  }

  @Override
  public long millis() {
    return learnt
        ? Math.floorDiv(nanoTime.getAsLong() + offsetNanos, NANOS_PER_MILLI)
        : local.millis();
  }

  @Override
  public Instant instant() {
    return learnt ? Instant.ofEpochSecond(0, nanoTime.getAsLong() + offsetNanos) : local.instant();
  }
}
