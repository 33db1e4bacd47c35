// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import dev.maglatch.proxy.RouteTable.Selection;
import dev.maglatch.settings.Settings;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerRequest;
import java.net.URLDecoder;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RouteTableTest {
  private static final String ROUTES =
      """
      - {name: admin, path: /admin, upstream: "http://a"}
      - {name: write, path: /files, methods: [POST, PUT], upstream: "http://a"}
      - {name: tenant, host: Tenant.Example, upstream: "http://a"}
      - {name: files, path: /files/, upstream: "http://a", auth: none}
      - {name: open, path: /open, upstream: "http://a", auth: none}
      """;

  /** Behind an open route for everything. */
  private static final String GUARDED =
      """
      - {name: wild, host: "*.Guarded.example", upstream: "http://a"}
      - {name: admin, path: /admin, upstream: "http://a"}
      - {name: exact, path: /Exact, match: exact, upstream: "http://a"}
      - {name: slash, path: /slash/, match: exact, upstream: "http://a"}
      - {name: posts, path: "/users/{id}/posts", upstream: "http://a"}
      - {name: mine, path: /users, upstream: "http://a", auth: optional}
      - {name: write, path: /data, methods: [POST], scopes: [a, b], upstream: "http://a"}
      - {name: data, path: /DATA, methods: [POST], scopes: [a], upstream: "http://a"}
      - {name: open, upstream: "http://a", auth: none}
      """;

  private static final Vertx vertx = Vertx.vertx();
  private static RouteTable table;
  private static RouteTable catchAll;
  private static final RouteTable GUARDS = new RouteTable(config("proxy.routes", GUARDED).routes());
  private static int port;

  @BeforeAll
  static void startServer() throws Exception {
    table = new RouteTable(config("proxy.routes", ROUTES).routes());
    catchAll = new RouteTable(config("proxy.upstream", "http://a").routes());
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

  @ParameterizedTest
  @CsvSource({
    "GET, h, /admin, admin",
    "GET, h, /administrator, open",
    "GET, h, /Exact, exact",
    "GET, h, /Exact/x, open",
    "GET, h, /Exactly, open",
    "GET, h, /slash/, slash",
    "GET, h, /users/1/posts, posts",
    "GET, h, /users/posts, mine",
    "GET, h, /users/1/posts/2, mine",
    "GET, h, /users/1/2/posts, mine",
    "GET, h, /users/a;v=1/posts, posts",
    "GET, h, /users/caf%C3%A9/posts, posts",
    "GET, h, /users, mine",
    "GET, a.guarded.example, /, wild",
    "GET, a.b.guarded.example, /, wild",
    "GET, guarded.example, /, open",
    "GET, xguarded.example, /, open",
    "POST, h, /data, write",
    "POST, h, /DATA, data",
    "GET, h, /data, open",
    "GET, h, /open, open",
    "GET, h, /OPEN/, open",
  })
  void everyKindOfPatternIsChosen(String method, String host, String path, String chosen) {
    assertThat(name(GUARDS.select(HttpMethod.valueOf(method), host, path))).isEqualTo(chosen);
  }

  /** The upstream behind the open route may not care for what these differ in. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "/ADMIN",
        "/Admin/x",
        "/aDMIN//x",
        "/admi%6E",
        "/%41dmin",
        "//admin",
        "/;x/admin",
        "/admin;x",
        "/admin%2f",
        "/open/../admin",
        "/open/%2e%2e/admin",
        "/open/..;/admin",
        "/open\\..\\admin",
        "/exact",
        "/EXACT",
        "/Exact/",
        "/exact/",
        "/Exact//",
        "/Exact;x",
        "/Ex%61ct",
        "/Exact%2F",
        "/Ex%61ct;%2fx",
        "/slash",
        "/SLASH/",
        "/slash//",
        "/slash%2f",
        "/Users/1/posts",
        "/users/1/Posts",
        "/users/1/posts/",
        "/users/1//posts",
        "/users/1%2fposts",
        "/users//1/posts",
        "/users/1/p%6Fsts",
        "/users/1/posts;x",
        "/users/a%2Fb/posts",
        "/users/1/posts%2F",
        "/users/1;%2fx/p%6Fsts",
        "/users/1/p%6Fsts;%2fx",
        "/users/../posts",
        "/users/%2e%2e/posts",
        "/USERS",
        "/uSERS/1/2"
      })
  void noSpellingReachesAGuardedPathThroughTheOpenRoute(String path) {
    assertThat(GUARDS.select(HttpMethod.GET, "h", path).refusal())
        .isEqualTo(Refusal.AMBIGUOUS_PATH);
  }

  @Test
  void methodInAnotherCaseReachesNoGuardedPathThroughTheOpenRoute() {
    for (String method : List.of("post", "Post", "pOST")) {
      assertThat(GUARDS.select(HttpMethod.valueOf(method), "h", "/data").refusal())
          .isEqualTo(Refusal.AMBIGUOUS_PATH);
      assertThat(name(GUARDS.select(HttpMethod.valueOf(method), "h", "/open"))).isEqualTo("open");
    }
  }

  /** Whatever is taken by the open route is the guarded routes' in nobody's eyes. */
  @Property(tries = 5_000)
  void openRouteTakesNothingThatACarelessReaderTakesForAGuardedPath(@ForAll("paths") String path) {
    Selection selection = GUARDS.select(HttpMethod.GET, "h", path);
    if (!name(selection).equals("open")) {
      return;
    }
    for (String careless : List.of(carelessly(path), carelessly(withoutParameters(path)))) {
      assertThat(careless).doesNotMatch("/admin(/.*)?").doesNotMatch("/exact");
      assertThat(careless).doesNotMatch("/slash").doesNotMatch("/users/[^/]+/posts");
    }
  }

  private static String withoutParameters(String path) {
    return path.replaceAll(";[^/]*", "");
  }

  /** As an upstream would that decodes, cuts parameters, merges slashes, and ignores case. */
  private static String carelessly(String path) {
    String decoded = URLDecoder.decode(path.replace("+", "%2B"), ISO_8859_1);
    String bare = withoutParameters(decoded).replaceAll("/+", "/");
    String ended =
        bare.length() > 1 && bare.endsWith("/") ? bare.substring(0, bare.length() - 1) : bare;
    return ended.toLowerCase(Locale.ROOT);
  }

  @Provide
  Arbitrary<String> paths() {
    return Arbitraries.of(
            "/", "/", "/", "admin", "Admin", "exact", "Exact", "slash", "users", "posts", "Posts",
            "1", "open", "%2f", "%2F", "%61dmin", "p%6fsts", ";x", "%3b", "..", ".", "%2e", "%2561")
        .list()
        .ofMaxSize(7)
        .map(parts -> "/" + String.join("", parts));
  }

  private static String name(Selection selection) {
    Route route = selection.route();
    return route == null ? String.valueOf(selection.refusal()) : route.name();
  }

  private static String select(String request, String headers) {
    try (RawConnection client = new RawConnection(port)) {
      return client.send(request + " HTTP/1.1\r\n" + headers + "\r\n\r\n").read().body();
    }
  }

  private static ProxyConfig config(String key, String value) {
    Settings settings = Settings.load(null, Map.of(), Map.of(key, value));
    ProxyConfig config = ProxyConfig.read(settings.root().section("proxy"), Duration.ZERO);
    assertThat(settings.problems().lines()).isEmpty();
    return config;
  }
}
