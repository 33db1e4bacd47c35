// SPDX-License-Identifier: Apache-2.0
package dev.maglatch;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** An upstream that knows nothing of keys: answers 200 {@code hello} and remembers what came. */
final class EchoUpstream implements AutoCloseable {
  static {
    // Else the JDK's server waits 40 ms between head and body of an answer.
    System.setProperty("sun.net.httpserver.nodelay", "true");
  }

  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final HttpServer server;
  private final Runnable beforeAnswer;
  final List<Received> received = new CopyOnWriteArrayList<>();

  /** One request as it arrived; header names as the JDK's server writes them. */
  record Received(String method, String target, Map<String, List<String>> headers) {}

  EchoUpstream() {
    this(() -> {});
  }

  /**
   * @param beforeAnswer may wait, on a thread of the request's own
   */
  EchoUpstream(Runnable beforeAnswer) {
    this.beforeAnswer = beforeAnswer;
    try {
      server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
    server.setExecutor(threads);
    server.createContext("/", this::answer);
    server.start();
  }

  String url() {
    return "http://127.0.0.1:" + server.getAddress().getPort();
  }

  private void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      received.add(
          new Received(
              exchange.getRequestMethod(),
              exchange.getRequestURI().toString(),
              Map.copyOf(exchange.getRequestHeaders())));
      exchange.getRequestBody().readAllBytes();
      beforeAnswer.run();
      byte[] hello = {'h', 'e', 'l', 'l', 'o'};
      exchange.sendResponseHeaders(200, hello.length);
      exchange.getResponseBody().write(hello);
    }
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }
}
