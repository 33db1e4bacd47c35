// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.maglatch.key.KeyKind;
import dev.maglatch.key.Principal;
import dev.maglatch.verify.Verdict;
import java.io.IOException;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the other side gets to see of the header fields. */
class HeaderRulesTest {
  private static final String TOKEN = "mgp_" + "0".repeat(40);

  private final UpstreamServer upstream = new UpstreamServer();
  private final Route route =
      RunningProxy.with(Route.catchAll(upstream.address()), Auth.OPTIONAL, Set.of());
  private RunningProxy proxy = new RunningProxy(route);

  @AfterEach
  void stop() {
    proxy.close();
    upstream.close();
  }

  private void restart(ProxyConfig config) {
    proxy.close();
    proxy = new RunningProxy(config);
  }

  private Message exchange(String... fields) throws IOException {
    try (Wire client = proxy.connect()) {
      client.send(
          Stream.concat(Stream.of("GET / HTTP/1.1", "Host: gateway.example:1"), Stream.of(fields))
              .toArray(String[]::new));
      Message answer = client.head();
      assertThat(answer.status()).isEqualTo(200);
      client.readText(answer);
      return answer;
    }
  }

  private Message seenByUpstream(String... fields) throws IOException {
    exchange(fields);
    return upstream.onlyRequest();
  }

  private Message seenByClient(String... fields) throws IOException {
    upstream.does(
        (wire, request) ->
            wire.send(
                Stream.concat(Stream.of("HTTP/1.1 200 OK", "Content-Length: 0"), Stream.of(fields))
                    .toArray(String[]::new)));
    return exchange();
  }

  @Test
  void goodKeySetsEveryIdentityField() throws IOException {
    proxy.credentials.at(
        TOKEN, Verdict.allowed(RunningProxy.principal(KeyKind.ORG, Principal.SCOPE_READ)));
    Message seen = seenByUpstream("Authorization: Bearer " + TOKEN);
    assertThat(seen.has("authorization")).isFalse();
    assertThat(seen.field("x-maglatch-key-id")).isEqualTo(RunningProxy.KEY.toString());
    assertThat(seen.field("x-maglatch-account-id")).isEqualTo(RunningProxy.ACCOUNT.toString());
    assertThat(seen.field("x-maglatch-organization-id"))
        .isEqualTo(RunningProxy.ORGANIZATION.toString());
    assertThat(seen.field("x-maglatch-service-account-id")).isEmpty();
    assertThat(seen.field("x-maglatch-scopes")).isEqualTo("read");
    assertThat(seen.field("x-maglatch-permissions")).isEmpty();
    assertThat(seen.field("x-maglatch-auth-method")).isEqualTo("api-key");
  }

  @Test
  void anonymousRequestHasEmptyIdentityFields() throws IOException {
    Message seen = seenByUpstream();
    for (String name :
        List.of(
            "key-id",
            "account-id",
            "organization-id",
            "service-account-id",
            "scopes",
            "permissions",
            "auth-method")) {
      assertThat(seen.field("x-maglatch-" + name)).isEmpty();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "X-Maglatch-Key-Id: evil",
        "x-maglatch-key-id: evil",
        "X-MAGLATCH-KEY-ID: evil",
        "X-Maglatch-Anything: evil",
        "x-mAgLaTcH-account-id: evil"
      })
  void identityThatAClientClaimsIsRemoved(String claim) throws IOException {
    Message seen = seenByUpstream(claim, claim, "Connection: X-Maglatch-Key-Id");
    assertThat(seen.fields()).noneMatch(line -> line.contains("evil"));
    assertThat(seen.field("x-maglatch-key-id")).isEmpty();
  }

  /** Or else a client could take away what the upstream relies on. */
  @Test
  void fieldsOfTheGatewayCannotBeNominatedAway() throws IOException {
    Message seen =
        seenByUpstream(
            "Connection: close, X-Maglatch-Auth-Method, X-Forwarded-For, Forwarded, Host",
            "Connection: X-Request-Id");
    assertThat(seen.has("x-maglatch-auth-method")).isTrue();
    assertThat(seen.has("x-forwarded-for")).isTrue();
    assertThat(seen.has("forwarded")).isTrue();
    assertThat(seen.has("x-request-id")).isTrue();
    assertThat(seen.field("host")).isEqualTo(upstream.address().authority());
  }

  @Test
  void fieldsAboutTheConnectionEndHere() throws IOException {
    Message seen =
        seenByUpstream(
            "Connection: keep-alive, X-Hop, cookie",
            "X-Hop: 1",
            "Cookie: a=1",
            "Keep-Alive: timeout=5",
            "Proxy-Connection: keep-alive",
            "Proxy-Authorization: Basic eDp5",
            "TE: gzip",
            "Upgrade: h2c",
            "HTTP2-Settings: AAMAAABk",
            "Accept: text/plain");
    assertThat(seen.fields())
        .noneMatch(line -> line.matches("(?i)(x-hop|cookie|keep-alive|proxy-|te|upgrade|http2).*"));
    assertThat(seen.has("connection")).isFalse();
    assertThat(seen.field("accept")).isEqualTo("text/plain");
  }

  @Test
  void sessionCookieIsTakenOutOfTheOthers() throws IOException {
    Message seen =
        seenByUpstream("Cookie: a=1; maglatch_session=s3cret; b=2; __Host-maglatch_session=s3cret");
    assertThat(seen.field("cookie")).isEqualTo("a=1; b=2");
  }

  @Test
  void sessionCookieAloneLeavesNone() throws IOException {
    assertThat(seenByUpstream("Cookie: maglatch_session=s3cret").has("cookie")).isFalse();
  }

  @Test
  void traceContextAndOtherFieldsPassAsTheyAre() throws IOException {
    String parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    Message seen =
        seenByUpstream(
            "traceparent: " + parent,
            "tracestate: a=b",
            "baggage: c=d",
            "X-Twice: 1",
            "X-Twice: 2");
    assertThat(seen.field("traceparent")).isEqualTo(parent);
    assertThat(seen.field("tracestate")).isEqualTo("a=b");
    assertThat(seen.field("baggage")).isEqualTo("c=d");
    assertThat(seen.all("x-twice")).containsExactly("1", "2");
  }

  @Test
  void whatAnUntrustedPeerSaysAboutTheClientIsReplaced() throws IOException {
    Message seen =
        seenByUpstream(
            "X-Forwarded-For: 6.6.6.6",
            "X-Forwarded-Proto: https",
            "X-Forwarded-Host: evil",
            "X-Forwarded-Port: 6",
            "X-Real-IP: 6.6.6.6",
            "Forwarded: for=6.6.6.6");
    assertThat(seen.field("x-forwarded-for")).isEqualTo("127.0.0.1");
    assertThat(seen.field("x-forwarded-proto")).isEqualTo("http");
    assertThat(seen.field("x-forwarded-host")).isEqualTo("gateway.example:1");
    assertThat(seen.field("forwarded"))
        .isEqualTo("for=127.0.0.1;proto=http;host=\"gateway.example:1\"");
    assertThat(seen.has("x-forwarded-port")).isFalse();
    assertThat(seen.has("x-real-ip")).isFalse();
  }

  @Test
  void whatATrustedPeerSaysAboutTheClientIsKept() throws IOException {
    restart(new ProxyConfig(List.of(route), List.of("127.0.0.0/8"), ProxyConfig.Pool.DEFAULT));
    Message seen =
        seenByUpstream(
            "X-Forwarded-For: 6.6.6.6, 7.7.7.7",
            "X-Forwarded-Proto: https",
            "X-Forwarded-Host: public.example",
            "Forwarded: for=6.6.6.6");
    assertThat(seen.field("x-forwarded-for")).isEqualTo("6.6.6.6, 7.7.7.7, 127.0.0.1");
    assertThat(seen.field("x-forwarded-proto")).isEqualTo("https");
    assertThat(seen.field("x-forwarded-host")).isEqualTo("public.example");
    assertThat(seen.field("forwarded"))
        .isEqualTo("for=6.6.6.6, for=127.0.0.1;proto=http;host=\"gateway.example:1\"");
  }

  @Test
  void requestIdGoesBothWays() throws IOException {
    Message answer = exchange("X-Request-Id: mine-1");
    assertThat(upstream.onlyRequest().field("x-request-id")).isEqualTo("mine-1");
    assertThat(answer.field("x-request-id")).isEqualTo("mine-1");
  }

  @Test
  void answerLosesFieldsAboutTheConnectionAndKeepsTheOthers() throws IOException {
    Message answer =
        seenByClient(
            "Connection: X-Hop, keep-alive",
            "X-Hop: 1",
            "Keep-Alive: timeout=5",
            "Proxy-Authenticate: Basic",
            "Upgrade: h2c",
            "X-Maglatch-Key-Id: evil",
            "X-Request-Id: evil",
            "Set-Cookie: maglatch_session=evil; Path=/",
            "Set-Cookie: __Host-maglatch_session=evil; Path=/",
            "Set-Cookie: = maglatch_session=evil; Path=/", // sent back without the first sign
            "Set-Cookie: good=1",
            "Set-Cookie: fine=2",
            "Server: origin",
            "Date: Sun, 06 Nov 1994 08:49:37 GMT");
    assertThat(answer.fields())
        .noneMatch(line -> line.matches("(?i)(x-hop|keep-alive|proxy-|upgrade|connection).*"))
        .noneMatch(line -> line.contains("evil"));
    assertThat(answer.all("set-cookie")).containsExactly("good=1", "fine=2");
    assertThat(answer.field("server")).isEqualTo("origin");
    assertThat(answer.field("date")).isEqualTo("Sun, 06 Nov 1994 08:49:37 GMT");
  }
}
