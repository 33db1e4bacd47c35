// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.maglatch.fault.Fault;
import dev.maglatch.http.Cors;
import dev.maglatch.key.KeyKind;
import dev.maglatch.key.Principal;
import dev.maglatch.verify.Verdict;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Who may pass, and what the others are told. */
class ProxyHandlerTest {
  private static final String TOKEN = "mgp_" + "0".repeat(40);
  private static final String BEARER = "Authorization: Bearer " + TOKEN;

  private final UpstreamServer upstream = new UpstreamServer();
  private final Route guarded = Route.catchAll(upstream.address());
  private RunningProxy proxy = new RunningProxy(guarded);

  @AfterEach
  void stop() {
    proxy.close();
    upstream.close();
  }

  private void restart(Auth auth, String... scopes) {
    proxy.close();
    proxy = new RunningProxy(RunningProxy.with(guarded, auth, Set.of(scopes)));
  }

  private void allow(KeyKind kind, String... scopes) {
    proxy.credentials.at(TOKEN, Verdict.allowed(RunningProxy.principal(kind, scopes)));
  }

  private int status(String... lines) throws IOException {
    return answer(lines).status();
  }

  private Message answer(String... lines) throws IOException {
    try (Wire client = proxy.connect()) {
      client.send(lines);
      Message answer = client.head();
      client.readText(answer);
      return answer;
    }
  }

  private AccessLog.Entry logged() {
    await().until(() -> !proxy.log.isEmpty());
    return proxy.log.get(0);
  }

  @Test
  void goodKeyPassesAndItsUseIsNoted() throws IOException {
    allow(KeyKind.MGP);
    assertThat(status("GET /x?secret=1 HTTP/1.1", "Host: h", BEARER)).isEqualTo(200);
    assertThat(proxy.used).containsExactly(RunningProxy.KEY);
    AccessLog.Entry entry = logged();
    assertThat(entry.path()).isEqualTo("/x");
    assertThat(entry.keyId()).isEqualTo(RunningProxy.KEY);
    assertThat(entry.decision()).isEqualTo(Decision.ALLOWED);
    assertThat(entry.ending()).isEqualTo(Ending.RELAYED);
    assertThat(entry.status()).isEqualTo(200);
    assertThat(entry.responseBytes()).isEqualTo(6);
    assertThat(entry.clientAddress()).isEqualTo("127.0.0.1");
    assertThat(entry.route()).isEqualTo("default");
  }

  @Test
  void noCredentialIs401() throws IOException {
    Message answer = answer("GET / HTTP/1.1", "Host: h");
    assertThat(answer.status()).isEqualTo(401);
    assertThat(answer.field("www-authenticate")).isEqualTo("Bearer realm=\"maglatch\"");
    assertThat(upstream.received()).isEmpty();
    assertThat(logged().decision()).isEqualTo(Decision.MISSING);
  }

  @ParameterizedTest
  @EnumSource(
      value = Verdict.Outcome.class,
      names = {"UNKNOWN", "EXPIRED", "REVOKED", "MALFORMED"})
  void badKeyIs401WhateverIsWrongWithIt(Verdict.Outcome outcome) throws IOException {
    proxy.credentials.at(TOKEN, Verdict.refusal(outcome));
    Message answer = answer("GET / HTTP/1.1", "Host: h", BEARER);
    assertThat(answer.status()).isEqualTo(401);
    assertThat(answer.field("www-authenticate")).contains("error=\"invalid_token\"");
    assertThat(upstream.accepted()).isZero();
    assertThat(proxy.used).isEmpty();
    assertThat(logged().decision()).isEqualTo(Decision.of(outcome));
  }

  @Test
  void refusedBodyIsNeverSentUpstreamNorAskedFor() throws IOException {
    try (Wire client = proxy.connect()) {
      client.send(
          "POST / HTTP/1.1", "Host: h", BEARER, "Expect: 100-continue", "Content-Length: 9");
      assertThat(client.head().status()).isEqualTo(401);
    }
    assertThat(upstream.accepted()).isZero();
  }

  @Test
  void verdictThatComesLaterHoldsTheBodyBackUntilThen() throws IOException {
    Promise<Verdict> verdict = Promise.promise();
    proxy.credentials.later(TOKEN, verdict.future());
    try (Wire client = proxy.connect()) {
      client.send("POST / HTTP/1.1", "Host: h", BEARER, "Content-Length: 5");
      client.write("hello");
      client.socket().setSoTimeout(200);
      assertThat(client.isAtEnd()).isFalse();
      client.socket().setSoTimeout(Wire.TIMEOUT_MILLIS);
      assertThat(upstream.accepted()).isZero();
      verdict.complete(Verdict.allowed(RunningProxy.principal(KeyKind.MGP)));
      assertThat(client.readText(client.head())).isEqualTo("read 5");
    }
  }

  @Test
  void undecidedIs503AndNever401() throws IOException {
    Fault fault = Fault.of(Fault.Code.STORE_UNAVAILABLE, "no answer", null);
    proxy.credentials.later(TOKEN, Future.failedFuture(fault));
    Message answer = answer("GET / HTTP/1.1", "Host: h", BEARER);
    assertThat(answer.status()).isEqualTo(503);
    assertThat(answer.has("retry-after")).isTrue();
    assertThat(logged().decision()).isEqualTo(Decision.UNDECIDED);
  }

  @Test
  void clientThatLeavesBeforeTheVerdictCostsNothing() throws IOException {
    Promise<Verdict> verdict = Promise.promise();
    proxy.credentials.later(TOKEN, verdict.future());
    Wire client = proxy.connect();
    client.send("GET / HTTP/1.1", "Host: h", BEARER);
    client.reset();
    assertThat(logged().ending()).isEqualTo(Ending.CLIENT_GONE);
    verdict.complete(Verdict.allowed(RunningProxy.principal(KeyKind.MGP)));
    assertThat(upstream.accepted()).isZero();
  }

  @Test
  void scopeThatIsMissingIs403() throws IOException {
    restart(Auth.REQUIRED, "mcp:v1");
    allow(KeyKind.ORG, Principal.SCOPE_READ, Principal.SCOPE_READ_WRITE);
    Message answer = answer("GET / HTTP/1.1", "Host: h", BEARER);
    assertThat(answer.status()).isEqualTo(403);
    assertThat(answer.field("www-authenticate")).contains("insufficient_scope");
    assertThat(proxy.used).isEmpty();
    allow(KeyKind.MP, Principal.SCOPE_MCP);
    assertThat(status("GET / HTTP/1.1", "Host: h", BEARER)).isEqualTo(200);
  }

  @Test
  void readOnlyKeyMayOnlyRead() throws IOException {
    allow(KeyKind.ORG, Principal.SCOPE_READ);
    for (String method : List.of("GET", "HEAD", "OPTIONS")) {
      try (Wire client = proxy.connect()) {
        client.send(method + " / HTTP/1.1", "Host: h", BEARER);
        assertThat(client.head().status()).isEqualTo(200);
      }
    }
    for (String method : List.of("POST", "PUT", "PATCH", "DELETE", "PROPFIND")) {
      assertThat(status(method + " / HTTP/1.1", "Host: h", BEARER)).isEqualTo(403);
    }
  }

  @Test
  void optionalCredentialMayBeMissingButNotBad() throws IOException {
    restart(Auth.OPTIONAL);
    assertThat(status("GET / HTTP/1.1", "Host: h")).isEqualTo(200);
    assertThat(status("GET / HTTP/1.1", "Host: h", BEARER)).isEqualTo(401);
    assertThat(status("GET / HTTP/1.1", "Host: h", "Authorization: Basic eDp5")).isEqualTo(401);
  }

  @Test
  void openRoutePassesForeignCredentialsAndKeepsOursBack() throws IOException {
    restart(Auth.NONE);
    for (String ours :
        List.of(
            "Bearer " + TOKEN,
            "bearer mp_abc",
            "Basic mgp_abc",
            "Bearer own.session.token",
            "Token own.session.token",
            "own.session.token",
            "Token token=\"own.session.token\", nonce=\"1\"",
            "JWT  own.session.token",
            "Basic " + base64("own.session.token:"),
            "basic " + base64("api:" + TOKEN),
            "Basic  " + base64(TOKEN + ":"),
            "Basic " + base64("mp_" + "A".repeat(43)),
            "Digest response=\"mgp_abc\"",
            "Bearer stamp_1, Bearer mp_abc",
            "mgp_abc")) {
      upstream.received().clear();
      assertThat(status("GET / HTTP/1.1", "Host: h", "Authorization: " + ours)).isEqualTo(200);
      assertThat(upstream.onlyRequest().has("authorization")).as(ours).isFalse();
      assertThat(upstream.onlyRequest().has("x-maglatch-key-id")).isFalse();
    }
    for (String foreign :
        List.of(
            "Basic eDp5",
            "Basic not-base64",
            "Basic " + base64("mp_dave:own.session.token.not"),
            "Bearer eyJ.stamp_1.x-mgp_2",
            "Bearer x.mp_3",
            "Token not.own.session.token",
            "Digest a=\"b\"")) {
      upstream.received().clear();
      assertThat(status("GET / HTTP/1.1", "Host: h", "Authorization: " + foreign)).isEqualTo(200);
      assertThat(upstream.onlyRequest().field("authorization")).isEqualTo(foreign);
    }
  }

  private static String base64(String text) {
    return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.ISO_8859_1));
  }

  @Test
  void openRouteKeepsBackWhatCouldBeTwoCredentials() throws IOException {
    restart(Auth.NONE);
    for (String second : List.of("Basic eDp5", "Bearer " + TOKEN)) {
      upstream.received().clear();
      String first = "Authorization: Basic eDp5";
      assertThat(status("GET / HTTP/1.1", "Host: h", first, "Authorization: " + second))
          .isEqualTo(200);
      assertThat(upstream.onlyRequest().has("authorization")).as(second).isFalse();
    }
  }

  @Test
  void preflightPassesWithoutCredentialUnlessCorsIsOn() throws IOException {
    String[] preflight = {
      "OPTIONS / HTTP/1.1",
      "Host: h",
      "Origin: https://app.example",
      "Access-Control-Request-Method: PUT"
    };
    assertThat(status(preflight)).isEqualTo(200);
    assertThat(upstream.received()).hasSize(1);
    proxy.close();
    Cors cors = new Cors(List.of("https://app.example"), null);
    proxy =
        new RunningProxy(
            new ProxyConfig(List.of(guarded), List.of(), ProxyConfig.Pool.DEFAULT),
            ListenerConfig.DEFAULT,
            parts -> RunningProxy.with(parts, cors, parts.ownRoutes()));
    try (Wire client = proxy.connect()) {
      client.send(preflight);
      Message answer = client.head();
      assertThat(answer.status()).isEqualTo(204);
      assertThat(answer.field("access-control-allow-origin")).isEqualTo("https://app.example");
    }
    assertThat(upstream.received()).hasSize(1);
  }

  @Test
  void ownRouteIsHandedOverWithItsBody() throws IOException {
    proxy.close();
    proxy =
        new RunningProxy(
            new ProxyConfig(List.of(guarded), List.of(), ProxyConfig.Pool.DEFAULT),
            ListenerConfig.DEFAULT,
            parts ->
                RunningProxy.with(
                    parts,
                    Cors.OFF,
                    (request, requestId) ->
                        "/own".equals(request.path())
                            ? own -> own.resume().body().onSuccess(own.response()::end)
                            : null));
    try (Wire client = proxy.connect()) {
      client.send("POST /own HTTP/1.1", "Host: h", "Content-Length: 5");
      client.write("hello");
      assertThat(client.readText(client.head())).isEqualTo("hello");
    }
    assertThat(logged().decision()).isEqualTo(Decision.OWN);
    assertThat(logged().ending()).isEqualTo(Ending.ANSWERED);
    assertThat(status("GET /other HTTP/1.1", "Host: h")).isEqualTo(401);
  }
}
