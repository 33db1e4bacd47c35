// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import dev.maglatch.settings.Section;
import java.time.Duration;

/**
 * What keeps a few clients from taking all there is.
 *
 * @param maxConnectionsPerAddress open at one time from one peer that is no trusted proxy, over all
 *     event loops; 0 is no bound
 * @param maxRequests in hand at one time, over all event loops, each of which has an equal share;
 *     one more that would go to an upstream is 503
 * @param minRate bytes a second that a client must send of a body, or take of an answer, while
 *     nobody else is waited for; 0 asks for none
 * @param minRateWindow over which that is measured
 */
public record Guards(
    int maxConnectionsPerAddress, int maxRequests, long minRate, Duration minRateWindow) {
  public static final Guards DEFAULT = new Guards(0, 10_000, 16, Duration.ofMinutes(1));

  private static final Duration SHORTEST = Duration.ofMillis(100);
  private static final Duration LONGEST = Duration.ofHours(1);

  static Guards read(Section http) {
    return new Guards(
        http.integer("max-connections-per-address", DEFAULT.maxConnectionsPerAddress, 0, 1_000_000),
        http.integer("max-requests", DEFAULT.maxRequests, 1, 10_000_000),
        http.bytes("min-rate", DEFAULT.minRate, 0, 1 << 30),
        http.duration("min-rate-window", DEFAULT.minRateWindow, SHORTEST, LONGEST));
  }

  /** Returns how many bytes must move in a window. */
  long minBytes() {
    return Math.multiplyExact(minRate, minRateWindow.toMillis()) / 1_000;
  }
}
