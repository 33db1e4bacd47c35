// SPDX-License-Identifier: Apache-2.0
package dev.maglatch;

import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.Locale;

/**
 * An upstream that answers with what arrived: {@code method}, {@code path}, {@code query}, {@code
 * headers} (lower-case names to lists of values) and {@code body}.
 *
 * <p>It sends each {@code X-Echo-Set-Cookie} back as a {@code Set-Cookie}. A body of more than
 * {@value #MAX_BODY} bytes is read and left out.
 */
final class JsonEcho implements AutoCloseable {
  private static final int MAX_BODY = 65_536;

  private final Vertx vertx = Vertx.vertx();
  private final HttpServer server;

  private JsonEcho() {
    server =
        vertx
            .createHttpServer()
            .requestHandler(request -> request.body().onSuccess(body -> answer(request, body)));
  }

  /** Starts one on a free port. */
  static JsonEcho start() {
    JsonEcho upstream = new JsonEcho();
    Await.result(upstream.server.listen(0, "127.0.0.1"));
    return upstream;
  }

  String url() {
    return "http://127.0.0.1:" + server.actualPort();
  }

  @Override
  public void close() {
    Await.result(vertx.close());
  }

  private static void answer(HttpServerRequest request, Buffer body) {
    JsonObject echo =
        new JsonObject()
            .put("method", request.method().name())
            .put("path", before(request.uri()))
            .put("query", after(request.uri()))
            .put("headers", headers(request))
            .put("body", body.length() > MAX_BODY ? "" : body.toString());
    request.response().putHeader("Content-Type", "application/json");
    for (String cookie : request.headers().getAll("X-Echo-Set-Cookie")) {
      request.response().headers().add("Set-Cookie", cookie);
    }
    request.response().end(echo.toBuffer());
  }

  private static JsonObject headers(HttpServerRequest request) {
    JsonObject headers = new JsonObject();
    for (String name : request.headers().names()) {
      headers.put(name.toLowerCase(Locale.ROOT), new JsonArray(request.headers().getAll(name)));
    }
    return headers;
  }

  private static String before(String uri) {
    int mark = uri.indexOf('?');
    return mark < 0 ? uri : uri.substring(0, mark);
  }

  private static String after(String uri) {
    int mark = uri.indexOf('?');
    return mark < 0 ? "" : uri.substring(mark + 1);
  }
}
