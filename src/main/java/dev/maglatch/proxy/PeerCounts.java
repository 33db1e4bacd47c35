// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import java.util.concurrent.ConcurrentHashMap;

/**
 * How many connections each peer has open on one listener. Shared by its event loops; remembers
 * nobody who has none.
 */
final class PeerCounts {
  private final ConcurrentHashMap<String, Integer> counts = new ConcurrentHashMap<>();

  /** Counts one more of {@code peer}, unless it has {@code most}; returns whether it did. */
  boolean enter(String peer, int most) {
    boolean[] entered = {false};
    counts.compute(
        peer,
        (address, open) -> {
          int now = open == null ? 0 : open;
          entered[0] = now < most;
          return entered[0] ? Integer.valueOf(now + 1) : open;
        });
    return entered[0];
  }

  /** Takes back one that was counted. */
  void leave(String peer) {
    counts.computeIfPresent(peer, (address, open) -> open > 1 ? open - 1 : null);
  }

  int peers() {
    return counts.size();
  }
}
