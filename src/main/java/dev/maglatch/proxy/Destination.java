// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** One {@link UpstreamGroup} as one event loop sees it: who gets the next request. */
final class Destination {
  /*
   * Turns are virtual time (stride scheduling): whoever is chosen moves on by STRIDE / weight, and
   * who is least far on is next. Nobody may lag behind the last choice, or a target that was not
   * chosen for long would get everything until it has caught up.
   */
  private static final long STRIDE = 1 << 20;

  private final Endpoint[] endpoints;
  private final boolean byLoad;
  private final int maxInFlight;
  private final long maxWaitNanos;
  private int inFlight;
  private long now;

  Destination(UpstreamGroup group, ProxyConfig.Pool bounds, List<Endpoint> endpoints) {
    this.endpoints = endpoints.toArray(Endpoint[]::new);
    this.byLoad = group.balance() == UpstreamGroup.Balance.LEAST_REQUESTS;
    this.maxInFlight = bounds.maxInFlight();
    this.maxWaitNanos = group.link().connectTimeout().plus(bounds.maxWait()).toNanos();
  }

  /** Returns how long a request may wait for its connection, the making of one included. */
  long maxWaitNanos() {
    return maxWaitNanos;
  }

  /** Takes up one request more; false if there are as many as there may be. */
  boolean enter() {
    if (inFlight >= maxInFlight) {
      return false;
    }
    inFlight++;
    return true;
  }

  /** A request that {@link #enter} took up has ended. */
  void leave() {
    inFlight--;
  }

  /**
   * Returns who is to get a request; the same one again only if there is no other.
   *
   * @param failed has just failed to answer it
   */
  Endpoint choose(@Nullable Endpoint failed) {
    return endpoints.length == 1 ? endpoints[0] : best(failed);
  }

  private Endpoint best(@Nullable Endpoint failed) {
    Endpoint best = null;
    for (Endpoint candidate : endpoints) {
      if (candidate != failed && (best == null || isBetter(candidate, best))) {
        best = candidate;
      }
    }
    Endpoint chosen = best == null ? endpoints[0] : best;
    now = Math.max(now, chosen.turn());
    chosen.turn(now + STRIDE / chosen.weight());
    return chosen;
  }

  private boolean isBetter(Endpoint candidate, Endpoint best) {
    if (byLoad) {
      long load = (long) candidate.inFlight() * best.weight();
      long bestLoad = (long) best.inFlight() * candidate.weight();
      if (load != bestLoad) {
        return load < bestLoad;
      }
    }
    return Math.max(now, candidate.turn()) < Math.max(now, best.turn());
  }
}
