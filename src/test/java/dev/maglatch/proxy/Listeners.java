// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import java.time.Duration;

/** Listeners that differ from others in one thing. */
final class Listeners {
  private Listeners() {}

  static ListenerConfig speaking(ListenerConfig from, Protocols protocols) {
    return copy(
        from,
        from.headerDeadline(),
        from.idleTimeout(),
        from.drainDelay(),
        protocols,
        from.guards());
  }

  static ListenerConfig guarded(ListenerConfig from, Guards guards) {
    return copy(
        from,
        from.headerDeadline(),
        from.idleTimeout(),
        from.drainDelay(),
        from.protocols(),
        guards);
  }

  /** One that goes on accepting for so long on stop. */
  static ListenerConfig leaving(ListenerConfig from, Duration drainDelay) {
    return copy(
        from,
        from.headerDeadline(),
        from.idleTimeout(),
        drainDelay,
        from.protocols(),
        from.guards());
  }

  /** One that waits so long for a head, and for the next request. */
  static ListenerConfig waiting(
      ListenerConfig from, Duration headerDeadline, Duration idleTimeout) {
    return copy(
        from, headerDeadline, idleTimeout, from.drainDelay(), from.protocols(), from.guards());
  }

  private static ListenerConfig copy(
      ListenerConfig from,
      Duration headerDeadline,
      Duration idleTimeout,
      Duration drainDelay,
      Protocols protocols,
      Guards guards) {
    return new ListenerConfig(
        from.host(),
        from.port(),
        from.maxHeaders(),
        from.maxTargetBytes(),
        from.maxHeaderBytes(),
        headerDeadline,
        idleTimeout,
        from.maxConnections(),
        drainDelay,
        from.drainTimeout(),
        protocols,
        guards);
  }
}
