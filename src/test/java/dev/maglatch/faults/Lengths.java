// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.faults;

import java.time.Duration;

/** How long things stay broken: shortly in each build, longer under the Maven profile faults. */
final class Lengths {
  private static final boolean FULL = Boolean.getBoolean("faults.full");

  /** Longer than the lease, so that a replica has lost it. */
  static final Duration OUTAGE = FULL ? Duration.ofSeconds(60) : Duration.ofSeconds(5);

  static final int ROUNDS = FULL ? 10 : 1;

  /** The lease of these tests, which is the default's. */
  static final Duration LEASE = Duration.ofSeconds(3);

  /** What a busy machine may take longer than the product promises. */
  static final Duration SLACK = Duration.ofSeconds(4);

  private Lengths() {}

  /** Lets time pass, where passing time is what is tested. */
  static void pass(Duration time) {
    try {
      Thread.sleep(Math.max(0, time.toMillis()));
    } catch (InterruptedException stopped) {
      throw new IllegalStateException(stopped);
    }
  }
}
