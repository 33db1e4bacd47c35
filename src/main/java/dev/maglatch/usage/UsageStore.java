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
   * Adds to the counts of hours and moves last uses forward: one that is not later than the stored
   * one changes nothing but the count. Not idempotent: after a call whose outcome is unknown (the
   * connection broke) a repeat may count those requests twice.
   *
   * @param usage at most {@link #MAX_ROWS}, of distinct keys
   */
  Future<Void> add(List<KeyUsage> usage);

  /**
   * Removes at most {@code maxRows} counts of hours before {@code end}, but never that of a key's
   * latest hour; returns how many.
   */
  Future<Integer> removeHoursBefore(Instant end, int maxRows);
}
