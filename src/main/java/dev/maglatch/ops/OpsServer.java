// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.ops;

import static java.util.Objects.requireNonNull;
import static java.util.concurrent.TimeUnit.SECONDS;
import static java.util.stream.Collectors.joining;

import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * The listener for operators: {@code /metrics}, {@code /livez}, {@code /readyz} and what others
 * add. First to start and last to stop, so that it can say what the replica is doing.
 */
public final class OpsServer {
  private static final int IDLE_SECONDS = 60;
  private static final String JSON = "application/json";

  private final Readiness readiness;
  private final Metrics metrics;
  private final OpsConfig config;
  private final Vertx vertx;
  private final Vertx serving;
  private final HttpServer server;
  private final List<OpsRoute> routes = new ArrayList<>();

  /**
   * Makes a server that does not listen yet.
   *
   * @param vertx on whose event loops it answers
   * @param serving on whose event loops requests are served: a process is alive while one turns
   * @param more routes beside the three of its own
   */
  public OpsServer(
      Vertx vertx,
      Vertx serving,
      OpsConfig config,
      Readiness readiness,
      Metrics metrics,
      List<OpsRoute> more) {
    this.vertx = requireNonNull(vertx, "vertx");
    this.serving = requireNonNull(serving, "serving");
    this.config = requireNonNull(config, "config");
    this.readiness = requireNonNull(readiness, "readiness");
    this.metrics = requireNonNull(metrics, "metrics");
    this.server = vertx.createHttpServer(options()).requestHandler(this::answer);
    routes.add(OpsRoute.get("/metrics", this::metrics));
    routes.add(OpsRoute.get("/livez", this::live));
    routes.add(OpsRoute.get("/readyz", this::ready));
    routes.addAll(more);
  }

  /** Returns every route, in the order in which they are asked. */
  public List<OpsRoute> routes() {
    return List.copyOf(routes);
  }

  private HttpServerOptions options() {
    return new HttpServerOptions()
        .setHost(config.host())
        .setPort(config.port())
        .setIdleTimeout(IDLE_SECONDS)
        .setIdleTimeoutUnit(SECONDS)
        .setHttp2ClearTextEnabled(false)
        .setCompressionSupported(true);
  }

  /** Starts to listen; fails when the port is taken. Yields the port. */
  public Future<Integer> start() {
    return server.listen().map(HttpServer::actualPort);
  }

  /** Stops listening and closes what is open. */
  public Future<Void> stop() {
    return server.close();
  }

  private void answer(HttpServerRequest request) {
    String path = String.valueOf(request.path());
    List<OpsRoute> here = routes.stream().filter(route -> route.takes(path)).toList();
    if (here.isEmpty()) {
      send(request, 404, new JsonObject().put("error", "Not found"));
      return;
    }
    here.stream()
        .filter(route -> route.takes(request.method()))
        .findFirst()
        .ifPresentOrElse(route -> route.handler().handle(request), () -> refuse(request, here));
  }

  private static void refuse(HttpServerRequest request, List<OpsRoute> here) {
    String allowed =
        here.stream().flatMap(OpsServer::methods).distinct().sorted().collect(joining(", "));
    request.response().putHeader(HttpHeaders.ALLOW, allowed);
    send(request, 405, new JsonObject().put("error", "Method not allowed"));
  }

  private static Stream<String> methods(OpsRoute route) {
    String name = route.method().name();
    return name.equals("GET") ? Stream.of(name, "HEAD") : Stream.of(name);
  }

  /** Collecting takes milliseconds, and event loops have none to spare. */
  private void metrics(HttpServerRequest request) {
    String type = Metrics.contentType(request.getHeader(HttpHeaders.ACCEPT));
    vertx
        .executeBlocking(() -> metrics.scrape(type), false)
        .onSuccess(text -> request.response().putHeader(HttpHeaders.CONTENT_TYPE, type).end(text))
        .onFailure(failure -> send(request, 500, new JsonObject().put("error", "Scrape failed")));
  }

  private void live(HttpServerRequest request) {
    Context answering = vertx.getOrCreateContext();
    serving
        .getOrCreateContext()
        .runOnContext(
            turning ->
                answering.runOnContext(
                    back -> send(request, 200, new JsonObject().put("status", "alive"))));
  }

  private void ready(HttpServerRequest request) {
    Readiness.Report report = readiness.report();
    JsonObject body = new JsonObject().put("status", report.phase().text());
    if (report.reason() != null) {
      body.put("reason", report.reason());
    }
    if (!report.degraded().isEmpty()) {
      body.put("degraded", new JsonArray(List.copyOf(report.degraded())));
    }
    send(request, report.phase() == Readiness.Phase.READY ? 200 : 503, body);
  }

  private static void send(HttpServerRequest request, int status, JsonObject body) {
    request
        .response()
        .setStatusCode(status)
        .putHeader(HttpHeaders.CONTENT_TYPE, JSON)
        .putHeader(HttpHeaders.CACHE_CONTROL, "no-store")
        .end(body.encode());
  }
}
