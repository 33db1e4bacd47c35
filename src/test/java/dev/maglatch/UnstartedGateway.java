// SPDX-License-Identifier: Apache-2.0
package dev.maglatch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.maglatch.api.ApiServer;
import dev.maglatch.api.Endpoint;
import dev.maglatch.cluster.ChangeFeed.Member;
import dev.maglatch.config.GatewayConfig;
import dev.maglatch.config.Mode;
import dev.maglatch.ops.Metrics;
import dev.maglatch.ops.OpsServer;
import dev.maglatch.ops.Readiness;
import dev.maglatch.proxy.AccessLog;
import dev.maglatch.settings.Settings;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;

/** Own routes as a configuration mounts them, on two real listeners and without a database. */
final class UnstartedGateway implements AutoCloseable {
  /** The data plane's own; see dev.maglatch.proxy.ForwardAuthTest. */
  private static final List<String> FORWARD_AUTH =
      List.of("GET /_maglatch/forward-auth", "GET /_maglatch/forward-auth/{path}");

  private final HttpClient client = HttpClient.newHttpClient();
  private final Vertx vertx = Vertx.vertx();
  private final Gateway gateway;
  private final Parts parts;
  private final OpsServer ops;
  private final ApiServer open;
  private final int opsPort;

  private UnstartedGateway(GatewayConfig config) {
    this.gateway = new Gateway(config, "test");
    Member self = new Member(UUID.randomUUID(), "test");
    this.parts =
        new Parts(vertx, vertx, config, new Metrics("test", new Readiness()), AccessLog.NONE, self);
    this.ops = gateway.opsServer();
    this.opsPort = Await.result(ops.start());
    this.open = ApiServer.start(vertx, parts.ownRoutes().endpoints());
  }

  static UnstartedGateway of(Map<String, String> more) {
    Map<String, String> environment = new HashMap<>();
    environment.put("MAGLATCH_OPS_HOST", "127.0.0.1");
    environment.put("MAGLATCH_OPS_PORT", "0");
    environment.put("MAGLATCH_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none");
    environment.put("MAGLATCH_SECRETS_MASTER", TestGateway.MASTER);
    environment.put("MAGLATCH_PROXY_UPSTREAM", "http://127.0.0.1:1");
    environment.putAll(more);
    Settings settings = Settings.load(null, environment, Map.of());
    GatewayConfig config = GatewayConfig.read(settings, Mode.SERVE);
    assertThat(settings.problems().isEmpty()).as(settings.problems().toString()).isTrue();
    return new UnstartedGateway(config);
  }

  /** Returns {@code GET /path} for every route of the public listener. */
  Set<String> publicRoutes() {
    Set<String> routes = new TreeSet<>();
    for (Endpoint endpoint : parts.ownRoutes().endpoints()) {
      routes.add(endpoint.method().name() + " " + endpoint.path());
    }
    routes.addAll(FORWARD_AUTH);
    return routes;
  }

  /** Returns the same for the listener for operators; a path that takes more ends in {asset}. */
  Set<String> opsRoutes() {
    Set<String> routes = new TreeSet<>();
    ops.routes()
        .forEach(
            route ->
                routes.add(
                    route.method().name()
                        + " "
                        + route.path()
                        + (route.path().endsWith("/") ? "{asset}" : "")));
    return routes;
  }

  List<Integer> ports() {
    return List.of(open.port(), opsPort);
  }

  int opsPort() {
    return opsPort;
  }

  int publicPort() {
    return open.port();
  }

  HttpResponse<String> get(int port, String path, String... headers) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path));
    if (headers.length > 0) {
      request.headers(headers);
    }
    return send(request.build());
  }

  /** Returns the status of the answer to a POST with that credential. */
  int post(int port, String path, String body, String authorization) {
    URI uri = URI.create("http://127.0.0.1:" + port + path);
    return send(HttpRequest.newBuilder(uri)
            .header("Authorization", authorization)
            .POST(HttpRequest.BodyPublishers.ofString(body))
            .build())
        .statusCode();
  }

  private HttpResponse<String> send(HttpRequest request) {
    try {
      return client.send(request, BodyHandlers.ofString());
    } catch (IOException broken) {
      throw new UncheckedIOException(broken);
    } catch (InterruptedException interrupted) {
      throw new IllegalStateException(interrupted);
    }
  }

  @Override
  public void close() {
    open.close();
    Await.result(ops.stop());
    Await.result(parts.close());
    Await.result(gateway.stop());
    Await.result(vertx.close());
  }
}
