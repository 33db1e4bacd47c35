// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import java.io.IOException;
import java.time.Duration;
import java.util.List;

/** An upstream that speaks HTTP/2 without TLS, frame by frame as a test tells it to. */
final class FrameUpstream implements AutoCloseable {
  /** What is done with one connection, which is closed then. */
  @FunctionalInterface
  interface Script {
    /** Serves the connection with {@code number}, from 0. */
    void serve(FrameConnection connection, int number) throws IOException;
  }

  private final AcceptedSockets sockets;

  FrameUpstream(Script script) {
    sockets =
        new AcceptedSockets(
            (socket, number) -> script.serve(FrameConnection.accepted(socket), number));
  }

  /** Returns a route without credentials to here. */
  Route route(Duration connectTimeout) {
    return BalancingTest.open(
        new UpstreamGroup(
            "frames",
            List.of(target()),
            UpstreamGroup.Balance.LEAST_REQUESTS,
            link(connectTimeout),
            null));
  }

  UpstreamGroup.Target target() {
    return new UpstreamGroup.Target(new Upstream(false, "127.0.0.1", sockets.port(), ""), 1);
  }

  static UpstreamGroup.Link link(Duration connectTimeout) {
    return new UpstreamGroup.Link(UpstreamGroup.Protocol.H2C, connectTimeout, UpstreamTls.DEFAULT);
  }

  int open() {
    return sockets.open();
  }

  int accepted() {
    return sockets.accepted();
  }

  @Override
  public void close() {
    sockets.close();
  }
}
