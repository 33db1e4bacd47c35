// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;

/**
 * An echo for trying the gateway: answers every request with what arrived, as JSON.
 *
 * <p>Of the body it shows the beginning and counts the rest, so bodies of any size pass.
 */
final class DemoUpstream {
  private static final int SHOWN_BYTES = 16_384;
  private static final int MAX_HEADER_BYTES = 65_536;
  private static final int IDLE_SECONDS = 120;

  private DemoUpstream() {}

  /** Starts one on a free port of loopback. */
  static Future<HttpServer> start(Vertx vertx) {
    HttpServerOptions options =
        new HttpServerOptions()
            .setHost("127.0.0.1")
            .setPort(0)
            .setMaxHeaderSize(MAX_HEADER_BYTES)
            .setIdleTimeout(IDLE_SECONDS);
    return vertx.createHttpServer(options).requestHandler(DemoUpstream::answer).listen();
  }

  private static void answer(HttpServerRequest request) {
    Buffer shown = Buffer.buffer();
    long[] total = new long[1];
    request.handler(
        chunk -> {
          total[0] += chunk.length();
          shown.appendBuffer(chunk, 0, Math.min(chunk.length(), SHOWN_BYTES - shown.length()));
        });
    request.endHandler(
        end ->
            request
                .response()
                .putHeader("content-type", "application/json")
                .end(describe(request, shown, total[0]).encodePrettily() + "\n"));
  }

  private static JsonObject describe(HttpServerRequest request, Buffer body, long bytes) {
    JsonObject headers = new JsonObject();
    for (String name : request.headers().names()) {
      var values = request.headers().getAll(name);
      headers.put(name, values.size() == 1 ? values.get(0) : new JsonArray(values));
    }
    return new JsonObject()
        .put("method", request.method().name())
        .put("path", request.uri())
        .put("headers", headers)
        .put("body", body.toString(UTF_8))
        .put("bodyBytes", bytes);
  }
}
