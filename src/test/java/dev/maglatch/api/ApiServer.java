// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.api;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import dev.maglatch.Await;
import dev.maglatch.DocumentedTraffic;
import dev.maglatch.HttpExchange;
import dev.maglatch.http.RequestIds;
import dev.maglatch.http.TrustedProxies;
import dev.maglatch.limit.KeyLimits;
import io.vertx.core.Handler;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Own routes on a real server at a free port, reached as the proxy hands them over: paused. A path
 * that is nobody's is answered 404 {@code not an own route}.
 */
public final class ApiServer implements AutoCloseable {
  private static final HttpClient CLIENT =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .connectTimeout(Duration.ofSeconds(5))
          .build();

  private final HttpServer server;
  private final List<UUID> used = new CopyOnWriteArrayList<>();

  private ApiServer(Vertx vertx, List<Endpoint> endpoints) {
    CallRunner runner =
        new CallRunner(
            vertx, TrustedProxies.NONE, KeyLimits.NONE, (key, address, agent) -> used.add(key));
    OwnRouteTable table = new OwnRouteTable(endpoints, runner);
    RequestIds ids = new RequestIds(new Random(1));
    this.server =
        Await.result(
            vertx
                .createHttpServer(new HttpServerOptions().setHttp2ClearTextEnabled(true))
                .requestHandler(request -> route(table, ids, request))
                .listen(0, "127.0.0.1"));
  }

  public static ApiServer start(Vertx vertx, List<Endpoint> endpoints) {
    return new ApiServer(vertx, endpoints);
  }

  public int port() {
    return server.actualPort();
  }

  /** Returns the keys whose use was reported, in order. */
  public List<UUID> used() {
    return used;
  }

  /**
   * Sends one request.
   *
   * @param body null sends none
   * @param headers names and values in turn
   */
  public HttpResponse<String> send(
      String method, String path, @Nullable String body, String... headers) {
    return sendLater(method, path, body, headers).orTimeout(30, TimeUnit.SECONDS).join();
  }

  /** As {@link #send}, without waiting for the answer. */
  public CompletableFuture<HttpResponse<String>> sendLater(
      String method, String path, @Nullable String body, String... headers) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port() + path))
            .method(method, body == null ? BodyPublishers.noBody() : BodyPublishers.ofString(body));
    if (headers.length > 0) {
      request.headers(headers);
    }
    return CLIENT
        .sendAsync(request.build(), BodyHandlers.ofString())
        .thenApply(answer -> documented(answer, body));
  }

  /** Whatever a test asks for: the answer is the one that the OpenAPI file tells. */
  private static HttpResponse<String> documented(
      HttpResponse<String> answer, @Nullable String body) {
    DocumentedTraffic.assertDocumented(HttpExchange.of(answer, body));
    return answer;
  }

  /** POSTs JSON with a Bearer credential. */
  public HttpResponse<String> post(String path, String token, JsonObject body) {
    return send("POST", path, body.encode(), "Authorization", "Bearer " + token);
  }

  /** Sends {@code bytes} (ISO 8859-1) as they are and returns all that comes until the end. */
  public String raw(String bytes) {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port())) {
      socket.setSoTimeout(10_000);
      socket.getOutputStream().write(bytes.getBytes(ISO_8859_1));
      socket.getOutputStream().flush();
      return new String(socket.getInputStream().readAllBytes(), ISO_8859_1);
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  @Override
  public void close() {
    Await.result(server.close());
  }

  private static void route(OwnRouteTable table, RequestIds ids, HttpServerRequest request) {
    request.pause();
    Handler<HttpServerRequest> handler = table.find(request, ids.of(request.headers()));
    if (handler == null) {
      request.resume();
      request.response().setStatusCode(404).end("not an own route");
    } else {
      handler.handle(request);
    }
  }
}
