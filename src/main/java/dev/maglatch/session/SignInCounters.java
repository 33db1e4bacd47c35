// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.session;

import io.vertx.core.Future;
import java.time.Duration;
import java.util.List;

/**
 * Counts of failed sign-ins, shared by all replicas. A count begins anew when its window is over.
 *
 * <p>Every call fails with a {@link dev.maglatch.fault.Fault} when the store gave no answer.
 */
public interface SignInCounters {
  /** Returns the counts, in the order of {@code subjects}; zero for what was never counted. */
  Future<List<Count>> read(List<String> subjects, Duration window);

  /** Adds one to each and returns the counts, in the order of {@code subjects}. */
  Future<List<Count>> add(List<String> subjects, Duration window);

  /** Takes back one of each. */
  Future<Void> takeBack(List<String> subjects);

  /** Sets {@code subject} to zero. */
  Future<Void> reset(String subject);

  /** Deletes at most 10,000 counts whose window is over; returns how many. */
  Future<Integer> deleteOver(Duration window);

  /**
   * One count.
   *
   * @param remaining until the window is over; zero for a count of zero
   */
  record Count(int failures, Duration remaining) {
    public static final Count NONE = new Count(0, Duration.ZERO);
  }
}
