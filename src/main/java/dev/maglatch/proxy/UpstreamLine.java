// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import java.net.InetAddress;
import java.util.Set;

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

  /**
   * The server's name stands for these addresses now: connections to others take no request any
   * more, and are closed as soon as nobody needs them.
   */
  void resolved(Set<InetAddress> addresses);

  /** Keeps nothing any more: each connection is closed as soon as nobody needs it. */
  void retire();
}
