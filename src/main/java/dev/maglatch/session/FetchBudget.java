// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.session;

import java.time.Duration;
import java.util.function.LongSupplier;

/**
 * How often an issuer may be asked for its keys: five times in a row, for keys that change quickly,
 * and once in two seconds in the long run.
 */
final class FetchBudget {
  private static final int BURST = 5;
  private static final long NANOS_EACH = Duration.ofSeconds(2).toNanos();

  private final LongSupplier nanoTime;
  private long full; // the time at which the whole burst is free again

  FetchBudget(LongSupplier nanoTime) {
    this.nanoTime = nanoTime;
    this.full = nanoTime.getAsLong();
  }

  /** Takes one fetch out of the budget; false if there is none left. */
  synchronized boolean take() {
    long now = nanoTime.getAsLong();
    long from = full - now < 0 ? now : full;
    if (from + NANOS_EACH - now > BURST * NANOS_EACH) {
      return false;
    }
    full = from + NANOS_EACH;
    return true;
  }
}
