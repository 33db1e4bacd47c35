// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

/** Where one event loop gets its exchanges with one server. */
interface UpstreamLine {
  /** Who wants an exchange. Told once, on the event loop, perhaps before {@link #acquire} ends. */
  interface Waiter {
    /** Here is one, for one request. */
    void connected(UpstreamStream stream);

    /** There is none, and for this waiter there will be none. */
    void notConnected(Throwable cause);
  }

  /** Asks for an exchange. */
  void acquire(Waiter waiter);

  /** Withdraws a wish that was not fulfilled yet. */
  void withdraw(Waiter waiter);

  /**
   * Makes an HTTP/1.1 connection that no later request uses: for what will not be HTTP for long,
   * and would else hold a place.
   */
  void connectAlone(Waiter waiter);

  /** Keeps nothing any more: each connection is closed as soon as nobody needs it. */
  void retire();
}
