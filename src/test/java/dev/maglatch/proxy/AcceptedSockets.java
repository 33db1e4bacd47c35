// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;

/** A port on loopback whose connections are served by a daemon thread each. */
final class AcceptedSockets implements AutoCloseable {
  /** Serves one connection, which is closed then. */
  @FunctionalInterface
  interface Server {
    /** Serves the connection with {@code number}, from 0. */
    void serve(Socket socket, int number) throws IOException;
  }

  private final Server server;
  private final ServerSocket listening;
  private final ExecutorService threads =
      Executors.newCachedThreadPool(
          task -> {
            Thread thread = new Thread(task, "upstream");
            thread.setDaemon(true);
            return thread;
          });
  private final Set<Socket> open = ConcurrentHashMap.newKeySet();
  private final AtomicInteger accepted = new AtomicInteger();

  AcceptedSockets(Server server) {
    this.server = server;
    try {
      listening = new ServerSocket(0, 100, InetAddress.getLoopbackAddress());
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
    threads.execute(this::accept);
  }

  int port() {
    return listening.getLocalPort();
  }

  int accepted() {
    return accepted.get();
  }

  int open() {
    return open.size();
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
      server.serve(socket, number);
    } catch (IOException expected) {
      // the server or the other side broke it off
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
