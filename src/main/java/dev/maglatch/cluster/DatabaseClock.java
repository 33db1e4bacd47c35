// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.cluster;

import java.time.Instant;
import java.time.InstantSource;

/**
 * The database's wall clock, as an offset from this machine's that each renewal corrects (rule 9).
 *
 * <p>Error: at most half a round trip and the drift since. Before the first renewal it is this
 * machine's clock. Safe on any thread.
 */
public final class DatabaseClock implements InstantSource {
  private final InstantSource local;
  private volatile long offsetMillis;

  public DatabaseClock(InstantSource local) {
    this.local = local;
  }

  /** Learns that the database's clock shows {@code databaseTime} now. */
  void learn(Instant databaseTime) {
    offsetMillis = databaseTime.toEpochMilli() - local.millis();
  }

  @Override
  public long millis() {
    return local.millis() + offsetMillis;
  }

  @Override
  public Instant instant() {
    return local.instant().plusMillis(offsetMillis);
  }
}
