// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;

/** An upstream over plain sockets that does what a test tells it to, good or bad. */
final class UpstreamServer implements AutoCloseable {
  /** What is done with one request. Return to be asked for the next on the same connection. */
  @FunctionalInterface
  interface Script {
    void answer(Wire wire, Message request) throws IOException;
  }

  private final ServerSocket listening;
  private final ExecutorService threads =
      Executors.newCachedThreadPool(
          task -> {
            Thread thread = new Thread(task, "upstream");
            thread.setDaemon(true);
            return thread;
          });
  private final Set<Socket> open = ConcurrentHashMap.newKeySet();
  private final List<Message> received = new CopyOnWriteArrayList<>();
  private final AtomicInteger accepted = new AtomicInteger();
  private volatile Script script;

  UpstreamServer() {
    this(UpstreamServer::ok);
  }

  UpstreamServer(Script script) {
    this.script = script;
    try {
      listening = new ServerSocket(0, 100, InetAddress.getLoopbackAddress());
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
    threads.execute(this::accept);
  }

  /** Reads the body, if any, and answers 200 with its length. */
  static void ok(Wire wire, Message request) throws IOException {
    byte[] body = wire.readBody(request);
    String text = "read " + body.length;
    wire.write("HTTP/1.1 200 OK\r\nContent-Length: " + text.length() + "\r\n\r\n" + text);
  }

  void does(Script next) {
    script = next;
  }

  int port() {
    return listening.getLocalPort();
  }

  Upstream address() {
    return new Upstream(false, "127.0.0.1", port(), "");
  }

  /** Heads of all requests so far, in order of arrival. */
  List<Message> received() {
    return received;
  }

  Message onlyRequest() {
    if (received.size() != 1) {
      throw new AssertionError("requests: " + received);
    }
    return received.get(0);
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
        accepted.incrementAndGet();
        open.add(socket);
        threads.execute(() -> serve(socket));
      }
    } catch (IOException closed) {
      // the end
    }
  }

  private void serve(Socket socket) {
    try (socket) {
      Wire wire = new Wire(socket);
      Message request = wire.readHead();
      while (request != null) {
        received.add(request);
        script.answer(wire, request);
        request = wire.readHead();
      }
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

  static byte[] bytes(String text) {
    return text.getBytes(ISO_8859_1);
  }
}
