// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import dev.maglatch.settings.Section;
import java.time.Duration;

/**
 * The public listener and what it puts up with.
 *
 * @param port 0 takes any free one
 * @param maxHeaders header lines; more is 431
 * @param maxTargetBytes the request line; longer is 414
 * @param maxHeaderBytes all header lines together; more is 431
 * @param headerDeadline from the first byte of a request head to its last, and for the first
 *     request from the moment the connection stands
 * @param idleTimeout a connection without a byte in either direction for so long is closed
 * @param maxConnections open at one time, handshakes included; one more is closed at once
 * @param drainDelay on stop, connections are accepted for so long after the gateway says that it is
 *     not ready, so that whoever sends them finds out
 * @param drainTimeout requests in flight are given so long to finish after that
 */
public record ListenerConfig(
    String host,
    int port,
    int maxHeaders,
    int maxTargetBytes,
    int maxHeaderBytes,
    Duration headerDeadline,
    Duration idleTimeout,
    int maxConnections,
    Duration drainDelay,
    Duration drainTimeout,
    Protocols protocols,
    Guards guards) {
  public static final ListenerConfig DEFAULT =
      new ListenerConfig(
          "0.0.0.0",
          8080,
          100,
          8_192,
          16_384,
          Duration.ofSeconds(10),
          Duration.ofSeconds(75),
          10_000,
          Duration.ofSeconds(5),
          Duration.ofSeconds(30),
          Protocols.DEFAULT,
          Guards.DEFAULT);

  private static final Duration SHORTEST = Duration.ofMillis(100);
  private static final Duration LONGEST = Duration.ofHours(1);

  /** Returns the same at another address. */
  public ListenerConfig at(String otherHost, int otherPort) {
    return at(otherHost, otherPort, drainDelay, drainTimeout);
  }

  /** Returns the same at another address, with other patience on stop. */
  public ListenerConfig at(
      String otherHost, int otherPort, Duration otherDrainDelay, Duration otherDrainTimeout) {
    return new ListenerConfig(
        otherHost,
        otherPort,
        maxHeaders,
        maxTargetBytes,
        maxHeaderBytes,
        headerDeadline,
        idleTimeout,
        maxConnections,
        otherDrainDelay,
        otherDrainTimeout,
        protocols,
        guards);
  }

  /** Reads what is about the listener in the section {@code http}. */
  public static ListenerConfig read(Section http) {
    return new ListenerConfig(
        http.text("host", DEFAULT.host),
        http.integer("port", DEFAULT.port, 0, 65_535),
        http.integer("max-headers", DEFAULT.maxHeaders, 1, 1_000),
        (int) http.bytes("max-request-line", DEFAULT.maxTargetBytes, 256, 1 << 20),
        (int) http.bytes("max-header-size", DEFAULT.maxHeaderBytes, 1_024, 1 << 20),
        http.duration("header-timeout", DEFAULT.headerDeadline, SHORTEST, LONGEST),
        http.duration("idle-timeout", DEFAULT.idleTimeout, SHORTEST, LONGEST),
        http.integer("max-connections", DEFAULT.maxConnections, 1, 1_000_000),
        http.duration("drain-delay", DEFAULT.drainDelay, Duration.ZERO, LONGEST),
        http.duration("drain-timeout", DEFAULT.drainTimeout, Duration.ZERO, LONGEST),
        Protocols.read(http),
        Guards.read(http));
  }
}
