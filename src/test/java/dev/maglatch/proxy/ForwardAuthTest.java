// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.maglatch.fault.Fault;
import dev.maglatch.http.Cors;
import dev.maglatch.key.KeyKind;
import dev.maglatch.key.Principal;
import dev.maglatch.settings.Section;
import dev.maglatch.settings.Settings;
import dev.maglatch.verify.Verdict;
import io.vertx.core.Future;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the gateway tells another proxy that asks before it forwards. */
class ForwardAuthTest {
  private static final String TOKEN = "mgp_" + "0".repeat(40);
  private static final String BEARER = "Authorization: Bearer " + TOKEN;
  private static final List<String> IDENTITY =
      List.of(
          "X-Maglatch-Key-Id",
          "X-Maglatch-Account-Id",
          "X-Maglatch-Organization-Id",
          "X-Maglatch-Service-Account-Id",
          "X-Maglatch-Scopes",
          "X-Maglatch-Permissions",
          "X-Maglatch-Auth-Method");
  private static final String ROUTES =
      """
      [{path: /open, auth: none, upstream: "%1$s"},
       {path: /maybe, auth: optional, upstream: "%1$s"},
       {path: /mcp, scopes: ["mcp:v1"], upstream: "%1$s"},
       {path: /tenant, host: a.example, scopes: ["read-write"], upstream: "%1$s"},
       {path: /envelope, dialect: organization, upstream: "%1$s"},
       {path: /files, methods: [POST], scopes: ["read-write"], upstream: "%1$s"},
       {path: /files, upstream: "%1$s"},
       {path: /v1, upstream: "%1$s"},
       {path: /api/v1, upstream: "%1$s"}]
      """;

  private final UpstreamServer upstream = new UpstreamServer();
  private RunningProxy proxy = new RunningProxy(Route.catchAll(upstream.address()));

  @AfterEach
  void stop() {
    proxy.close();
    upstream.close();
  }

  private void withRoutes() {
    proxy.close();
    String routes = ROUTES.formatted("http://127.0.0.1:" + upstream.port());
    Section section =
        Settings.load(null, Map.of(), Map.of("proxy.routes", routes)).root().section("proxy");
    proxy = new RunningProxy(ProxyConfig.read(section, Duration.ZERO));
  }

  private void allow(KeyKind kind, String... scopes) {
    proxy.credentials.at(TOKEN, Verdict.allowed(RunningProxy.principal(kind, scopes)));
  }

  private record Reply(Message head, String body) {
    int status() {
      return head.status();
    }
  }

  private Reply send(String... lines) throws IOException {
    try (Wire client = proxy.connect()) {
      client.send(lines);
      Message head = client.head();
      return new Reply(head, head.length() > 0 ? client.readText(head) : "");
    }
  }

  private int asked(String... about) throws IOException {
    return reply("/_maglatch/forward-auth", about).status();
  }

  private Reply reply(String path, String... about) throws IOException {
    List<String> lines = new ArrayList<>(List.of("GET " + path + " HTTP/1.1", "Host: gateway"));
    lines.add(BEARER);
    lines.addAll(List.of(about));
    return send(lines.toArray(String[]::new));
  }

  /** A field that is missing on one answer would leave a client's own copy in its place. */
  @ParameterizedTest
  @ValueSource(strings = {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"})
  void goodKeyIs200WithEveryIdentityFieldAndNothingElse(String method) throws IOException {
    allow(KeyKind.MGP);
    for (String path : List.of("", "/", "/any/path", "?query=1", "/a?b=%2e%2e")) {
      Reply reply =
          send(
              method + " /_maglatch/forward-auth" + path + " HTTP/1.1",
              "Host: h",
              BEARER,
              "X-Request-Id: r-1");

      assertThat(reply.status()).as(path).isEqualTo(200);
      assertThat(reply.head().field("content-length")).isEqualTo("0");
      assertThat(reply.head().has("content-type")).isFalse();
      assertThat(reply.head().field("x-request-id")).isEqualTo("r-1");
      assertThat(reply.head().field("cache-control")).isEqualTo("no-store");
      assertThat(IDENTITY).allMatch(reply.head()::has);
      assertThat(reply.head().field("X-Maglatch-Key-Id")).isEqualTo(RunningProxy.KEY.toString());
      assertThat(reply.head().field("X-Maglatch-Service-Account-Id")).isEmpty();
    }
    assertThat(proxy.used).hasSize(5).containsOnly(RunningProxy.KEY);
    assertThat(upstream.received()).isEmpty();
  }

  @Test
  void identityOfClientIsNeverEchoed() throws IOException {
    allow(KeyKind.MGP);

    Reply reply =
        reply(
            "/_maglatch/forward-auth",
            "X-Maglatch-Key-Id: forged",
            "X-Maglatch-Scopes: forged",
            "X-Maglatch-Admin: forged");

    assertThat(reply.head().fields()).noneMatch(field -> field.contains("forged"));
    assertThat(reply.head().has("X-Maglatch-Admin")).isFalse();
  }

  /** Who cannot tell the two apart need not know which of them it speaks to. */
  @ParameterizedTest
  @ValueSource(strings = {"/orders", "/v1/orders", "/api/v1/orders"})
  void refusalIsTheProxysOwn(String path) throws IOException {
    List<Verdict> refusals =
        List.of(
            Verdict.MALFORMED,
            Verdict.UNKNOWN,
            Verdict.EXPIRED,
            Verdict.REVOKED,
            Verdict.FORBIDDEN,
            Verdict.LIMITED);
    for (Verdict refusal : refusals) {
      proxy.credentials.at(TOKEN, refusal);
      assertSameAnswer(path, BEARER);
    }
    assertSameAnswer(path, "Accept: */*");
    assertSameAnswer(path, "Authorization: Basic x");
    assertThat(proxy.used).isEmpty();
  }

  /** Not being able to decide is no 401 here either. */
  @Test
  void undecidedIs503() throws IOException {
    Fault lost = Fault.of(Fault.Code.STORE_UNAVAILABLE, "test", null);
    proxy.credentials.later(TOKEN, Future.failedFuture(lost));

    assertSameAnswer("/orders", BEARER);
    assertThat(asked()).isEqualTo(503);
    withRoutes();
    proxy.credentials.later(TOKEN, Future.failedFuture(lost));
    assertThat(asked("X-Forwarded-Uri: /nowhere")).isEqualTo(503);
  }

  private void assertSameAnswer(String path, String credential) throws IOException {
    Reply proxied = send("GET " + path + " HTTP/1.1", "Host: h", credential, "X-Request-Id: r-1");
    String question = "GET /_maglatch/forward-auth HTTP/1.1";
    Reply answered =
        send(question, "Host: h", credential, "X-Request-Id: r-1", "X-Forwarded-Uri: " + path);

    assertThat(answered).isEqualTo(proxied);
    assertThat(proxied.status()).isIn(401, 403, 429, 503);
  }

  @ParameterizedTest
  @CsvSource({
    "GET,, 200",
    "HEAD,, 200",
    "OPTIONS,, 200",
    "POST,, 403",
    "DELETE,, 403",
    "get,, 403",
    "GET,X-Forwarded-Method: POST, 403",
    "GET,X-Original-Method: POST, 403",
    "GET,X-Forwarded-Method: HEAD, 200",
    "GET,X-Forwarded-Method: get, 403",
    "GET,X-Forwarded-Method: CONNECT, 403",
    "GET,'X-Forwarded-Method: GET, POST', 403",
    "POST,X-Forwarded-Method: GET, 403",
    "GET,X-Forwarded-Method:, 200",
  })
  void keyOfScopeReadMayReadOnly(String method, String header, int status) throws IOException {
    allow(KeyKind.ORG, Principal.SCOPE_READ);
    String about = header == null ? "Accept: */*" : header;

    Reply reply = send(method + " /_maglatch/forward-auth HTTP/1.1", "Host: h", BEARER, about);

    assertThat(reply.status()).isEqualTo(status);
    if (status == 403) {
      assertThat(reply.head().field("www-authenticate")).contains("insufficient_scope");
      assertThat(proxy.used).isEmpty();
    }
  }

  /** A client that adds what its proxy did not send can only lose by it. */
  @Test
  void everyMethodThatIsNamedCounts() throws IOException {
    allow(KeyKind.ORG, Principal.SCOPE_READ);

    assertThat(asked("X-Original-Method: POST", "X-Forwarded-Method: GET")).isEqualTo(403);
    assertThat(asked("X-Original-Method: GET", "X-Original-Method: POST")).isEqualTo(403);
  }

  @ParameterizedTest
  @CsvSource({
    "X-Forwarded-Uri: /mcp/tools, 403",
    "X-Original-URI: /mcp/tools?x=1, 403",
    "X-Forwarded-Uri: /envelope, 200",
    "X-Forwarded-Uri: /nowhere, 200",
    "X-Forwarded-Uri: /%6dcp, 403",
    "X-Forwarded-Uri: //mcp, 403",
    "X-Forwarded-Uri: /envelope/../mcp, 403",
    "X-Forwarded-Uri: /envelope/%2e%2e/mcp, 403",
    "X-Forwarded-Uri: /envelope\\mcp, 403",
    "X-Forwarded-Uri: mcp, 403",
    "X-Forwarded-Uri: *, 403",
    "X-Forwarded-Uri: http://h/envelope, 403",
    "X-Forwarded-Uri: /envelope%, 403",
    "X-Forwarded-Uri: /tenant, 200",
  })
  void scopesOfOriginalRouteAreNeeded(String about, int status) throws IOException {
    withRoutes();
    allow(KeyKind.ORG, Principal.SCOPE_READ);

    assertThat(asked(about)).isEqualTo(status);
  }

  @Test
  void everyPathThatIsNamedCounts() throws IOException {
    withRoutes();
    allow(KeyKind.ORG, Principal.SCOPE_READ);
    String mcp = "X-Forwarded-Uri: /mcp";

    assertThat(asked(mcp, "X-Original-URI: /envelope")).isEqualTo(403);
    assertThat(reply("/_maglatch/forward-auth/mcp", "X-Forwarded-Uri: /envelope").status())
        .isEqualTo(403);
    assertThat(reply("/_maglatch/forward-auth/envelope", mcp).status()).isEqualTo(403);
    assertThat(reply("/_maglatch/forward-auth/envelope?x").status()).isEqualTo(200);
  }

  /** Envoy puts the original path behind the prefix and keeps the method and the host. */
  @Test
  void requestOfEnvoyIsUnderstood() throws IOException {
    withRoutes();
    allow(KeyKind.MP, Principal.SCOPE_MCP);

    assertThat(reply("/_maglatch/forward-auth/mcp/tools?x=1").status()).isEqualTo(200);
    Reply refused = reply("/_maglatch/forward-auth/files/a%20b");
    assertThat(refused.status()).isEqualTo(200);
    String post = "POST /_maglatch/forward-auth/files/a HTTP/1.1";
    assertThat(send(post, "Host: h", BEARER).status()).isEqualTo(403);
    String tenant = "GET /_maglatch/forward-auth/tenant HTTP/1.1";
    assertThat(send(tenant, "Host: A.example:8443", BEARER).status()).isEqualTo(403);
  }

  /** Traefik: GET, with everything about the original in X-Forwarded-*. */
  @Test
  void requestOfTraefikIsUnderstood() throws IOException {
    withRoutes();
    allow(KeyKind.ORG, Principal.SCOPE_READ);
    String host = "X-Forwarded-Host: a.example";

    assertThat(
            asked(
                host,
                "X-Forwarded-Method: GET",
                "X-Forwarded-Proto: https",
                "X-Forwarded-Uri: /tenant?x",
                "X-Forwarded-For: 192.0.2.1"))
        .isEqualTo(403);
    assertThat(asked(host, "X-Forwarded-Method: GET", "X-Forwarded-Uri: /envelope")).isEqualTo(200);
    assertThat(asked("X-Forwarded-Method: POST", "X-Forwarded-Uri: /files")).isEqualTo(403);
    assertThat(asked("X-Forwarded-Method: GET", "X-Forwarded-Uri: /files")).isEqualTo(200);
  }

  /** Else whoever writes the header opens whatever the proxy in front protects. */
  @ParameterizedTest
  @ValueSource(strings = {"/open", "/maybe", "/nowhere"})
  void noHeaderMakesACredentialNeedless(String path) throws IOException {
    withRoutes();
    String question = "GET /_maglatch/forward-auth HTTP/1.1";

    Reply reply = send(question, "Host: h", "X-Forwarded-Uri: " + path);

    assertThat(reply.status()).isEqualTo(401);
    assertThat(reply.head().field("www-authenticate")).isEqualTo("Bearer realm=\"maglatch\"");
    assertThat(asked("X-Forwarded-Uri: " + path)).isEqualTo(401);
  }

  @Test
  void refusalHasShapeOfOriginalRoute() throws IOException {
    withRoutes();
    String question = "GET /_maglatch/forward-auth HTTP/1.1";

    assertThat(send(question, "Host: h", "X-Forwarded-Uri: /envelope").body())
        .startsWith("{\"code\":401,");
    assertThat(send(question, "Host: h", "X-Forwarded-Uri: /api/v1/x").body())
        .contains("\"error_type\":\"auth_required\"");
    assertThat(send(question, "Host: h").body())
        .isEqualTo("{\"error\":{\"code\":\"unauthorized\",\"message\":\"Unauthorized\"}}");
  }

  /** Browsers speak to the proxy in front; what it answers to preflights is its own business. */
  @Test
  void preflightIsNotAnsweredAndNotLetThrough() throws IOException {
    proxy.close();
    Cors cors = new Cors(List.of("https://app.example"), null);
    ProxyConfig config = ProxyConfig.to(upstream.address());
    proxy =
        new RunningProxy(
            config,
            ListenerConfig.DEFAULT,
            parts -> RunningProxy.with(parts, cors, OwnRoutes.NONE));

    Reply reply =
        send(
            "OPTIONS /_maglatch/forward-auth HTTP/1.1",
            "Host: h",
            "Origin: https://app.example",
            "Access-Control-Request-Method: GET");

    assertThat(reply.status()).isEqualTo(401);
    assertThat(reply.head().has("access-control-allow-methods")).isFalse();
  }

  /** The body is not for us, and what is left of it must not be taken for the next request. */
  @Test
  void bodyIsNotWaitedFor() throws IOException {
    allow(KeyKind.MGP);
    try (Wire client = proxy.connect()) {
      client.send(
          "POST /_maglatch/forward-auth HTTP/1.1",
          "Host: h",
          BEARER,
          "Expect: 100-continue",
          "Content-Length: 10");
      Message head = client.head();

      assertThat(head.status()).isEqualTo(200);
      assertThat(head.field("connection")).isEqualTo("close");
      assertThat(client.isAtEnd()).isTrue();
    }
  }

  @Test
  void connectionIsKeptForTheNextQuestion() throws IOException {
    allow(KeyKind.MGP);
    try (Wire client = proxy.connect()) {
      for (int i = 0; i < 3; i++) {
        client.send("GET /_maglatch/forward-auth HTTP/1.1", "Host: h", BEARER);
        assertThat(client.head().status()).isEqualTo(200);
        client.send("GET /_maglatch/forward-auth HTTP/1.1", "Host: h");
        Message refused = client.head();
        assertThat(refused.status()).isEqualTo(401);
        client.readText(refused);
      }
    }
  }

  static Stream<String> reserved() {
    return Stream.of(
        "/_maglatch",
        "/_maglatch/",
        "/_maglatch/events",
        "/_maglatch/forward-authority",
        "/_maglatch/forward-auth2/x",
        "/_maglatch;x/events",
        "/%5fmaglatch/forward-auth",
        "/_maglatch/%66orward-auth",
        "/_maglatch%2Fevents",
        "//_maglatch/events",
        "/%255fmaglatch/events");
  }

  /** An upstream never sees what looks like the gateway's own, whatever is asked for it. */
  @Test
  void nothingBelowMaglatchIsProxied() throws IOException {
    allow(KeyKind.MGP);
    for (String path : reserved().toList()) {
      Reply reply = send("GET " + path + " HTTP/1.1", "Host: h", BEARER);

      assertThat(reply.status()).as(path).isIn(400, 404);
      if (path.startsWith("/_maglatch/")) {
        assertThat(reply.body()).as(path).startsWith("{\"error\":{\"code\":\"not_found\"");
      }
    }
    assertThat(upstream.received()).isEmpty();
    assertThat(send("GET /_maglatched HTTP/1.1", "Host: h", BEARER).status()).isEqualTo(200);
  }
}
