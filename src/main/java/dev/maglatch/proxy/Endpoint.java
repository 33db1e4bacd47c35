// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import io.vertx.core.net.NetSocket;
import org.jspecify.annotations.Nullable;

/** One server of a {@link Destination}, and what is under way to it. */
final class Endpoint {
  private static final UpstreamConnection.Owner NOBODY =
      new UpstreamConnection.Owner() {
        @Override
        public void released(UpstreamConnection connection) {
          connection.abort();
        }

        @Override
        public void closed(UpstreamConnection connection) {}
      };

  private final UpstreamGroup.Target target;
  private final UpstreamPool pool;
  private int inFlight;
  private long turn;

  Endpoint(UpstreamGroup.Target target, UpstreamPool pool) {
    this.target = target;
    this.pool = pool;
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

  /** Asks for a connection. */
  void acquire(UpstreamPool.Waiter waiter) {
    pool.acquire(waiter);
  }

  /** Withdraws such a wish. */
  void withdraw(UpstreamPool.Waiter waiter) {
    pool.withdraw(waiter);
  }

  /**
   * Makes a connection that no later request uses: for what will not be HTTP for long, and would
   * else hold a place in the pool.
   */
  void connectAlone(UpstreamPool.Waiter waiter) {
    pool.dial().onComplete((socket, failure) -> joined(socket, failure, waiter));
  }

  private void joined(
      @Nullable NetSocket socket, @Nullable Throwable failure, UpstreamPool.Waiter waiter) {
    UpstreamConnection alone = socket == null ? null : pool.takeOver(socket, NOBODY);
    if (alone != null) {
      waiter.connected(alone);
    } else {
      waiter.notConnected(UpstreamPool.reason(failure));
    }
  }
}
