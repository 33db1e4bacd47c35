// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.maglatch.key.KeyKind;
import dev.maglatch.settings.Settings;
import dev.maglatch.verify.Verdict;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What routes do to requests, over the wire. */
class RoutesTest {
  private static final String ROUTES =
      """
      - {name: strip, path: /api/v9, strip-prefix: /api, upstream: "%1$s", auth: none}
      - {name: prefix, path: /old, rewrite: /new/place, upstream: "%1$s", auth: none}
      - {name: whole, path: /whole, strip-prefix: /whole, upstream: "%1$s/base", auth: none}
      - name: template
        path: /users/{id}/posts/{post}
        rewrite: /posts/{post}/of/{id}
        upstream: "%1$s"
        auth: none
      - name: headers
        path: /headers
        upstream: "%1$s"
        auth: optional
        request-headers:
          set: ["X-Env: production", "Authorization: Basic dXA6c3RyZWFt"]
          add: ["X-Via: maglatch", "Cookie: a=b"]
          remove: [X-Debug, User-Agent]
        response-headers:
          set: ["Cache-Control: no-store"]
          add: ["Vary: X-Env"]
          remove: [server, X-Powered-By]
      - {name: small, path: /small, max-body: 8, upstream: "%1$s", auth: none}
      - {name: guarded, path: /guarded, upstream: "%1$s"}
      """;

  private static final UpstreamServer upstream = new UpstreamServer();
  private static final RunningProxy proxy = new RunningProxy(config());

  private static ProxyConfig config() {
    String routes = ROUTES.formatted("http://127.0.0.1:" + upstream.port());
    Settings settings = Settings.load(null, Map.of(), Map.of("proxy.routes", routes));
    ProxyConfig config = ProxyConfig.read(settings.root().section("proxy"), Duration.ofMinutes(1));
    assertThat(settings.problems().lines()).isEmpty();
    return config;
  }

  @BeforeEach
  void usual() {
    upstream.does(UpstreamServer::ok);
    upstream.received().clear();
  }

  @AfterAll
  static void stop() {
    proxy.close();
    upstream.close();
  }

  @ParameterizedTest
  @CsvSource({
    "/api/v9, /v9",
    "/api/v9/, /v9/",
    "/api/v9/a?b=/c, /v9/a?b=/c",
    "/api/v9//a, /v9//a",
    "/api/v9?x, /v9?x",
    "/old, /new/place",
    "/old/a%20b?c, /new/place/a%20b?c",
    "/old?c=/old, /new/place?c=/old",
    "/whole, /base/",
    "/whole?a, /base/?a",
    "/whole/a, /base/a",
    "/whole//a, /base/a",
    "/whole///, /base/",
    "/users/7/posts/8, /posts/8/of/7",
    "/users/a;v=1/posts/caf%C3%A9?q=1, /posts/caf%C3%A9/of/a;v=1?q=1",
  })
  void upstreamIsAskedForTheRewrittenPath(String sent, String received) throws IOException {
    assertThat(get(sent, "").status()).isEqualTo(200);
    assertThat(upstream.onlyRequest().startLine()).isEqualTo("GET " + received + " HTTP/1.1");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/users/a%2Fb/posts/8",
        "/users/%2e%2e/posts/8",
        "/users/../posts/8",
        "/users/7/posts/..",
        "/users/7/posts/8%2F9",
        "/old/..%2fguarded",
        "/old/%2e%2e/guarded",
        "/whole/../guarded",
        "/whole/..;/guarded",
        "/whole\\..\\guarded",
        "/whole%2fx/..",
        "/GUARDED",
        "//guarded",
        "/api/%2e%2e/guarded",
        "/guarde%64",
        "/whole%2f..%2fguarded",
        "/whole;/../guarded"
      })
  void pathTrickReachesNoUpstream(String path) throws IOException {
    assertThat(get(path, "").status()).isIn(400, 401, 404);
    assertThat(upstream.received()).isEmpty();
  }

  @Test
  void fieldsAreSetAddedAndRemovedOnTheWayUp() throws IOException {
    proxy.credentials.at("mgp_k", Verdict.allowed(RunningProxy.principal(KeyKind.MGP)));
    get(
        "/headers",
        """
        Authorization: Bearer mgp_k
        X-Env: mine
        x-env: too
        X-Via: me
        X-Debug: 1
        User-Agent: curl
        Connection: close, X-Env, X-Via
        X-Other: kept
        """);

    Message request = upstream.onlyRequest();
    assertThat(request.all("x-env")).containsExactly("production");
    assertThat(request.all("x-via")).containsExactly("maglatch"); // the client named its own
    assertThat(request.all("authorization")).containsExactly("Basic dXA6c3RyZWFt");
    assertThat(request.all("cookie")).containsExactly("a=b");
    assertThat(request.has("x-debug")).isFalse();
    assertThat(request.has("user-agent")).isFalse();
    assertThat(request.field("x-other")).isEqualTo("kept");
    assertThat(request.field("x-maglatch-key-id")).isEqualTo(RunningProxy.KEY.toString());
  }

  @Test
  void fieldsAreSetAddedAndRemovedOnTheWayDown() throws IOException {
    upstream.does(
        (wire, request) ->
            wire.write(
                """
                HTTP/1.1 200 OK
                Server: old/1.0
                X-Powered-By: php
                Cache-Control: public
                Vary: Accept
                Content-Length: 0

                """
                    .replace("\n", "\r\n")));
    Message answer = get("/headers", "");

    assertThat(answer.all("cache-control")).containsExactly("no-store");
    assertThat(answer.all("vary")).containsExactly("Accept", "X-Env");
    assertThat(answer.has("server")).isFalse();
    assertThat(answer.has("x-powered-by")).isFalse();
  }

  @ParameterizedTest
  @CsvSource({"7, 200", "8, 200", "9, 413"})
  void bodyLimitHoldsByLength(int length, int status) throws IOException {
    try (Wire client = proxy.connect()) {
      client.write("POST /small HTTP/1.1\r\nHost: h\r\nContent-Length: " + length + "\r\n\r\n");
      client.write("x".repeat(length));
      assertThat(client.head().status()).isEqualTo(status);
    }
  }

  @ParameterizedTest
  @CsvSource({"7, 200", "8, 200", "9, 413"})
  void bodyWithoutLengthIsCutAtTheLimit(int length, int status) throws IOException {
    try (Wire client = proxy.connect()) {
      client.write("POST /small HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
      client.writeChunk("x".repeat(5));
      client.writeChunk("x".repeat(length - 5));
      client.write("0\r\n\r\n");
      assertThat(client.head().status()).isEqualTo(status);
    }
  }

  /** The trace goes on in the upstream exactly as the client began it. */
  @Test
  void traceContextIsRelayedUnchanged() throws IOException {
    String parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    String state = "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE";
    get("/old", "traceparent: " + parent + "\ntracestate: " + state + "\nbaggage: a=b;c\n");

    assertThat(upstream.onlyRequest().all("traceparent")).containsExactly(parent);
    assertThat(upstream.onlyRequest().all("tracestate")).containsExactly(state);
    assertThat(upstream.onlyRequest().all("baggage")).containsExactly("a=b;c");
  }

  private static Message get(String target, String fields) throws IOException {
    try (Wire client = proxy.connect()) {
      String lines = fields.replace("\n", "\r\n");
      client.write("GET " + target + " HTTP/1.1\r\nHost: h\r\n" + lines + "\r\n");
      Message answer = client.head();
      client.readText(answer);
      return answer;
    }
  }
}
