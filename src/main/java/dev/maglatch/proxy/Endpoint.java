// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

/** One server of a {@link Destination}, and what is under way to it. */
final class Endpoint {
  private final UpstreamGroup.Target target;
  private final UpstreamLine line;
  private int inFlight;
  private long turn;

  Endpoint(UpstreamGroup.Target target, UpstreamLine line) {
    this.target = target;
    this.line = line;
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

  /** Returns where exchanges with it come from. */
  UpstreamLine line() {
    return line;
  }
}
