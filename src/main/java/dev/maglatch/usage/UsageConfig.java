// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.usage;

import java.time.Duration;

/**
 * How usage is gathered and written.
 *
 * @param flushInterval the pause between two writes; a crash loses at most this much
 * @param flushTimeout how long one statement may take before it counts as failed
 * @param maxPendingKeys how many keys may wait to be written; a further one is dropped and counted
 */
public record UsageConfig(Duration flushInterval, Duration flushTimeout, int maxPendingKeys) {
  public static final UsageConfig DEFAULT =
      new UsageConfig(Duration.ofSeconds(1), Duration.ofSeconds(10), 100_000);
}
