// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.usage;

import io.vertx.core.Future;
import java.time.Instant;
import java.util.List;

/**
 * Where usage is kept. Keys that do not exist (any more) are ignored.
 *
 * <p>Each call is one statement that happens wholly or not at all, whatever the number of rows.
 */
public interface UsageStore {
  /** The most rows that one call may carry. */
  int MAX_ROWS = 1_000;

  /**
   * Moves last uses forward; an instant that is not later than the stored one changes nothing, so a
   * repeated or late call is harmless.
   *
   * @param uses at most {@link #MAX_ROWS}, of distinct keys
   */
  Future<Void> saveLastUses(List<LastUse> uses);

  /**
   * Adds to the hourly counts. Not idempotent: after a call whose outcome is unknown (the
   * connection broke) a repeat may count those requests twice.
   *
   * @param counts at most {@link #MAX_ROWS}, of distinct keys and hours
   */
  Future<Void> addRequests(List<HourlyRequests> counts);

  /** Removes at most {@code maxRows} counts of hours before {@code end}; returns how many. */
  Future<Integer> removeHoursBefore(Instant end, int maxRows);
}
