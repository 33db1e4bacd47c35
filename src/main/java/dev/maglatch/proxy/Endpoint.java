// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

/** One server of a {@link Destination}, and what is under way to it. */
final class Endpoint {
  /** An hour doubled so often is still a number. */
  private static final int MAX_DOUBLINGS = 20;

  private final UpstreamGroup.Target target;
  private final UpstreamLine line;
  private final TargetHealth health;
  private int inFlight;
  private int failures;
  private int ejections;
  private boolean ejected;
  private long returnsNanos;
  private long turn;

  Endpoint(UpstreamGroup.Target target, UpstreamLine line, TargetHealth health) {
    this.target = target;
    this.line = line;
    this.health = health;
  }

  Upstream url() {
    return target.url();
  }

  int weight() {
    return target.weight();
  }

  int inFlight() {
    return inFlight;
  }

  /** Returns when it is next, in the virtual time of its {@link Destination}. */
  long turn() {
    return turn;
  }

  void turn(long next) {
    turn = next;
  }

  /** A request is on its way here. */
  void enter() {
    inFlight++;
  }

  /** It is no longer. */
  void leave() {
    inFlight--;
  }

  /** It has answered. */
  void answered() {
    if (failures > 0) {
      failures = 0;
      ejections = 0;
    }
  }

  /** Returns whether it has failed to answer as often in a row as it may. */
  boolean failed(UpstreamGroup.Ejection rule) {
    failures++;
    return !ejected && failures >= rule.failures();
  }

  /** Gives it no request for a while. When it is back, one more failure is enough. */
  void eject(UpstreamGroup.Ejection rule, long nowNanos) {
    ejected = true;
    long nanos = rule.time().toNanos() << Math.min(ejections, MAX_DOUBLINGS);
    ejections++;
    returnsNanos = nowNanos + Math.min(nanos, rule.maxTime().toNanos());
    health.ejected(returnsNanos);
  }

  /** Whether its health check has failed. */
  boolean isSick() {
    return !health.healthy();
  }

  /** Whether it is to get no request now, because of those it had. */
  boolean isOut(long nowNanos) {
    if (ejected && nowNanos - returnsNanos >= 0) {
      ejected = false;
    }
    return ejected;
  }

  /** Returns where exchanges with it come from. */
  UpstreamLine line() {
    return line;
  }
}
