// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One {@link UpstreamGroup} as one event loop sees it: who gets the next request. */
final class Destination {
  private static final Logger LOG = LoggerFactory.getLogger(Destination.class);

  /*
   * Turns are virtual time (stride scheduling): whoever is chosen moves on by STRIDE / weight, and
   * who is least far on is next. Nobody may lag behind the last choice, or a target that was not
   * chosen for long would get everything until it has caught up.
   */
  private static final long STRIDE = 1 << 20;

  /** Requests that pay for one that is sent again. */
  private static final int REPEAT_COST = 10;

  private static final int MAX_CREDIT = 10 * REPEAT_COST;

  private final UpstreamGroup group;
  private final Loop loop;
  private final Endpoint[] endpoints;
  private final boolean byLoad;
  private final boolean checked;
  private final int maxInFlight;
  private final long maxWaitNanos;
  private int inFlight;
  private int credit = MAX_CREDIT;
  private boolean someOut;
  private long now;

  Destination(UpstreamGroup group, ProxyConfig.Pool bounds, Loop loop, List<Endpoint> endpoints) {
    this.group = group;
    this.loop = loop;
    this.endpoints = endpoints.toArray(Endpoint[]::new);
    this.byLoad = group.balance() == UpstreamGroup.Balance.LEAST_REQUESTS;
    this.checked = group.healthCheck() != null;
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
    if (credit < MAX_CREDIT) {
      credit++;
    }
    return true;
  }

  /**
   * Whether one request more may be sent a second time: one for ten that came, and ten beyond, so
   * that an upstream in trouble is not asked twice for everything.
   */
  boolean mayRepeat() {
    if (credit < REPEAT_COST) {
      return false;
    }
    credit -= REPEAT_COST;
    return true;
  }

  /** Whether there is more than one server. */
  boolean hasOther() {
    return endpoints.length > 1;
  }

  /**
   * Notes that {@code endpoint} has failed to answer. Returns whether that takes it out; the last
   * one that is left stays.
   */
  boolean failed(Endpoint endpoint) {
    if (endpoints.length == 1 || !endpoint.failed(group.ejection())) {
      return false;
    }
    long nowNanos = loop.nanoTime();
    for (Endpoint other : endpoints) {
      if (other != endpoint && !other.isOut(nowNanos) && !isSick(other)) {
        endpoint.eject(group.ejection(), nowNanos);
        someOut = true;
        LOG.warn("upstream ejected upstream={} target={}", group.name(), endpoint.url());
        return true;
      }
    }
    return false;
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
    Endpoint best = bestOf(failed, true);
    if (best == null && checked && (failed == null || failed.isSick())) {
      best = bestOf(failed, false); // no check was passed: any server may be better than none
    }
    Endpoint chosen = best == null ? orElse(failed) : best;
    now = Math.max(now, chosen.turn());
    chosen.turn(now + STRIDE / chosen.weight());
    return chosen;
  }

  private @Nullable Endpoint bestOf(@Nullable Endpoint failed, boolean withoutSick) {
    Endpoint best = null;
    long nowNanos = someOut ? loop.nanoTime() : 0;
    boolean stillOut = false;
    for (Endpoint candidate : endpoints) {
      if (someOut && candidate.isOut(nowNanos)) {
        stillOut = true;
      } else if (candidate != failed
          && !(withoutSick && isSick(candidate))
          && (best == null || isBetter(candidate, best))) {
        best = candidate;
      }
    }
    someOut = stillOut;
    return best;
  }

  private boolean isSick(Endpoint endpoint) {
    return checked && endpoint.isSick();
  }

  /** All others are out: better the one that has just failed than one that fails for sure. */
  private Endpoint orElse(@Nullable Endpoint failed) {
    return failed == null ? endpoints[0] : failed;
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
