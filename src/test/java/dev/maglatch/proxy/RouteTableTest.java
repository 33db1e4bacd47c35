// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import dev.maglatch.proxy.RouteTable.Selection;
import dev.maglatch.settings.Settings;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerRequest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RouteTableTest {
  private static final String ROUTES =
      """
      proxy:
        routes:
          - {name: admin, path: /admin, upstream: "http://a"}
          - {name: write, path: /files, methods: [POST, PUT], upstream: "http://a"}
          - {name: tenant, host: Tenant.Example, upstream: "http://a"}
          - {name: files, path: /files/, upstream: "http://a", auth: none}
          - {name: open, path: /open, upstream: "http://a", auth: none}
      """;

  @TempDir static Path folder;

  private static final Vertx vertx = Vertx.vertx();
  private static RouteTable table;
  private static RouteTable catchAll;
  private static int port;

  @BeforeAll
  static void startServer() throws Exception {
    table = new RouteTable(config(ROUTES).routes());
    catchAll = new RouteTable(config("proxy: {upstream: 'http://a'}").routes());
    HttpServer server = vertx.createHttpServer().requestHandler(RouteTableTest::answer);
    port = server.listen(0).toCompletionStage().toCompletableFuture().get(10, SECONDS).actualPort();
  }

  @AfterAll
  static void stop() throws Exception {
    vertx.close().toCompletionStage().toCompletableFuture().get(10, SECONDS);
  }

  private static void answer(HttpServerRequest request) {
    boolean single = request.headers().contains("catch-all");
    Selection selection = (single ? catchAll : table).select(request);
    Route route = selection.route();
    request.response().end(route != null ? route.name() : String.valueOf(selection.refusal()));
  }

  @ParameterizedTest
  @CsvSource({
    "GET, /admin, admin",
    "GET, /admin/, admin",
    "GET, /admin/x, admin",
    "GET, /admin?/open, admin",
    "GET, /administrator, NOT_FOUND",
    "GET, /open, open",
    "GET, /files/x, files",
    "GET, /files, files",
    "POST, /files/x, write",
    "GET, /, NOT_FOUND",
    "GET, /Admin, NOT_FOUND",
  })
  void firstRouteThatTakesTheRequestIsChosen(String method, String path, String chosen) {
    assertThat(select(method + " " + path, "Host: x")).isEqualTo(chosen);
  }

  @ParameterizedTest
  @CsvSource({"tenant.example", "TENANT.example", "tenant.example:8080"})
  void hostIsComparedWithoutCaseAndPort(String host) {
    assertThat(select("GET /open", "Host: " + host)).isEqualTo("tenant");
    assertThat(select("GET /open", "Host: other." + host)).isEqualTo("open");
  }

  @ParameterizedTest
  @CsvSource({
    "/open/../admin",
    "/open/%2e%2e/admin",
    "/open%2f..%2fadmin",
    "/open/..;/admin",
    "/open/%252e%252e/admin",
    "//admin/x",
    "/%61dmin/x",
    "/%2561dmin/x",
    "/admin%2fx/",
    "/admin;a=b/x",
    "/files/..%5cadmin",
    "/open%00/x",
    "/%2fopen",
  })
  void pathThatTwoRoutesCouldClaimIsRefused(String path) {
    assertThat(select("GET " + path, "Host: x")).isEqualTo("AMBIGUOUS_PATH");
  }

  @ParameterizedTest
  @CsvSource({
    "/open/a%2Fb, open",
    "/open//a, open",
    "/open/caf%C3%A9, open",
    "/open/a;v=1, open",
    "/open/%61, open",
    "/admin//x, admin",
    "/nowhere%2Fx, NOT_FOUND",
  })
  void unusualSpellingOfOneRouteIsTaken(String path, String chosen) {
    assertThat(select("GET " + path, "Host: x")).isEqualTo(chosen);
  }

  @Test
  void preflightBelongsToTheRequestItAnnounces() {
    String preflight = "Host: x\r\nOrigin: https://a.b\r\nAccess-Control-Request-Method: PUT";

    assertThat(select("OPTIONS /files/x", preflight)).isEqualTo("write");
    assertThat(select("OPTIONS /files/x", "Host: x")).isEqualTo("files");
  }

  @Test
  void catchAllTakesEverythingButWhatIsForbidden() {
    String header = "Host: x\r\ncatch-all: 1";

    assertThat(select("GET /", header)).isEqualTo("default");
    assertThat(select("DELETE //a%2Fb;c", header)).isEqualTo("default");
    assertThat(select("GET /a/../b", header)).isEqualTo("AMBIGUOUS_PATH");
    assertThat(select("GET /a%5Cb", header)).isEqualTo("AMBIGUOUS_PATH");
  }

  private static String select(String request, String headers) {
    try (RawConnection client = new RawConnection(port)) {
      return client.send(request + " HTTP/1.1\r\n" + headers + "\r\n\r\n").read().body();
    }
  }

  private static ProxyConfig config(String yaml) throws IOException {
    Path file = Files.writeString(folder.resolve("maglatch.yaml"), yaml);
    Settings settings = Settings.load(file, Map.of(), Map.of());
    ProxyConfig config = ProxyConfig.read(settings.root().section("proxy"));
    assertThat(settings.problems().isEmpty()).isTrue();
    return config;
  }
}
