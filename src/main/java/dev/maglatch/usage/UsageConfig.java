// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.usage;

import dev.maglatch.settings.Section;
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

  private static final Duration SHORTEST_INTERVAL = Duration.ofMillis(10);
  private static final Duration LONGEST = Duration.ofMinutes(5);
  private static final int MOST_PENDING_KEYS = 10_000_000;

  /** Reads the section {@code usage}. */
  public static UsageConfig read(Section usage) {
    return new UsageConfig(
        usage.duration("flush-interval", DEFAULT.flushInterval, SHORTEST_INTERVAL, LONGEST),
        usage.duration("flush-timeout", DEFAULT.flushTimeout, SHORTEST_INTERVAL, LONGEST),
        usage.integer("max-pending-keys", DEFAULT.maxPendingKeys, 1, MOST_PENDING_KEYS));
  }
}
