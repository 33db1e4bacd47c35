// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;

/** An upstream that speaks HTTP/2 without TLS, frame by frame as a test tells it to. */
final class FrameUpstream implements AutoCloseable {
  /** What is done with one connection, which is closed then. */
  @FunctionalInterface
  interface Script {
    /** Serves the connection with {@code number}, from 0. */
    void serve(FrameConnection connection, int number) throws IOException;
  }

  private final ServerSocket listening;
  private final Script script;
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final Set<Socket> open = ConcurrentHashMap.newKeySet();
  private final AtomicInteger accepted = new AtomicInteger();

  FrameUpstream(Script script) {
    this.script = script;
    try {
      listening = new ServerSocket(0, 100, InetAddress.getLoopbackAddress());
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
    threads.execute(this::accept);
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
    return new UpstreamGroup.Target(
        new Upstream(false, "127.0.0.1", listening.getLocalPort(), ""), 1);
  }

  static UpstreamGroup.Link link(Duration connectTimeout) {
    return new UpstreamGroup.Link(UpstreamGroup.Protocol.H2C, connectTimeout, UpstreamTls.DEFAULT);
  }

  int open() {
    return open.size();
  }

  int accepted() {
    return accepted.get();
  }

  private void accept() {
    try {
      while (true) {
        Socket socket = listening.accept();
        open.add(socket);
        int number = accepted.getAndIncrement();
        threads.execute(() -> serve(socket, number));
      }
    } catch (IOException closed) {
      // the end
    }
  }

  private void serve(Socket socket, int number) {
    try (socket) {
      script.serve(FrameConnection.accepted(socket), number);
    } catch (IOException expected) {
      // the script or the other side broke it off
    } finally {
      open.remove(socket);
    }
  }

  @Override
  public void close() {
    try {
      listening.close();
      for (Socket socket : open) {
        socket.close();
      }
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
    threads.shutdownNow();
  }
}
