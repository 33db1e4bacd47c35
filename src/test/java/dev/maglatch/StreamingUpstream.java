// SPDX-License-Identifier: Apache-2.0
package dev.maglatch;

import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.ServerWebSocket;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * An upstream whose answers do not end: {@code /events}, {@code /download} (with a length), {@code
 * /ws} (talks) and {@code /silent-ws} (says one word). It takes uploads that do not end as well.
 */
final class StreamingUpstream implements AutoCloseable {
  private static final long PAUSE_MILLIS = 20;
  private static final String HUGE = "1000000000";

  private final Vertx vertx = Vertx.vertx();
  private final HttpServer server;
  private final AtomicInteger open = new AtomicInteger();

  StreamingUpstream() {
    server =
        TestGateway.await(
            vertx
                .createHttpServer()
                .requestHandler(this::answer)
                .webSocketHandler(this::talk)
                .listen(0, "127.0.0.1"));
  }

  String url() {
    return "http://127.0.0.1:" + server.actualPort();
  }

  /** How many streams are open. */
  int open() {
    return open.get();
  }

  private void answer(HttpServerRequest request) {
    open.incrementAndGet();
    request.connection().closeHandler(closed -> open.decrementAndGet());
    if (request.path().equals("/upload")) {
      request.handler(chunk -> {});
    } else if (request.path().equals("/download")) {
      request.response().putHeader("Content-Length", HUGE);
      drip(request);
    } else {
      request.response().putHeader("Content-Type", "text/event-stream").setChunked(true);
      drip(request);
    }
  }

  private void drip(HttpServerRequest request) {
    long timer =
        vertx.setPeriodic(
            PAUSE_MILLIS, tick -> request.response().write(Buffer.buffer("data: x\n\n")));
    request.response().closeHandler(closed -> vertx.cancelTimer(timer));
  }

  private void talk(ServerWebSocket socket) {
    open.incrementAndGet();
    socket.writeTextMessage("hello");
    long timer =
        socket.path().equals("/silent-ws")
            ? -1
            : vertx.setPeriodic(PAUSE_MILLIS, tick -> socket.writeTextMessage("x".repeat(200)));
    socket.closeHandler(
        closed -> {
          open.decrementAndGet();
          vertx.cancelTimer(timer);
        });
  }

  @Override
  public void close() {
    TestGateway.await(vertx.close());
  }
}
