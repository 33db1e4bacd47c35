// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.api;

import static dev.maglatch.api.FakeCredentials.UNDECIDED;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.maglatch.Await;
import dev.maglatch.http.Cors;
import dev.maglatch.http.TrustedProxies;
import dev.maglatch.key.KeyKind;
import dev.maglatch.limit.KeyLimits;
import dev.maglatch.verify.Verdict;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.json.JsonObject;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What every own route does, whatever its dialect. */
class OwnRouteTableTest {
  private static final UUID KEY = UUID.randomUUID();
  private static final UUID ORG = UUID.randomUUID();
  private static final String GOOD = "Bearer good";

  private static Vertx vertx;
  private static ApiServer server;

  @BeforeAll
  static void start() {
    vertx = Vertx.vertx();
    FakeCredentials credentials =
        new FakeCredentials()
            .knows("good", FakeCredentials.key(KeyKind.MGP, KEY, UUID.randomUUID(), ORG))
            .knows("reader", FakeCredentials.key(KeyKind.ORG, KEY, UUID.randomUUID(), ORG, "read"))
            .knows("other", FakeCredentials.key(KeyKind.MP, KEY, UUID.randomUUID(), ORG))
            .says("often", Verdict.LIMITED);
    Access bearer = new BearerAccess(credentials, Set.of(KeyKind.MGP, KeyKind.ORG));
    Facade open = new Facade(OwnRouteTableTest::render, CrossOrigin.EVERY_PAGE);
    Facade listed =
        new Facade(
            OwnRouteTableTest::render,
            CrossOrigin.of(new Cors(List.of("https://app.example"), null)));
    server =
        ApiServer.start(
            vertx,
            List.of(
                endpoint(HttpMethod.GET, "/things", open, bearer, call -> ok("list")),
                endpoint(HttpMethod.POST, "/things", open, bearer, OwnRouteTableTest::echo),
                endpoint(
                    HttpMethod.GET,
                    "/things/{id}",
                    listed,
                    bearer,
                    call -> ok(call.pathParameter("id"))),
                endpoint(HttpMethod.POST, "/open", listed, Access.ANYONE, OwnRouteTableTest::echo),
                new Endpoint(
                    HttpMethod.POST,
                    "/json",
                    listed,
                    Access.ANYONE,
                    BodyRule.JSON_ONLY,
                    OwnRouteTableTest::echo),
                endpoint(
                    HttpMethod.GET,
                    "/query",
                    listed,
                    Access.ANYONE,
                    call -> ok(String.valueOf(call.query("q")))),
                endpoint(
                    HttpMethod.GET,
                    "/broken",
                    listed,
                    Access.ANYONE,
                    call -> {
                      throw new IllegalStateException("a defect");
                    })));
  }

  @AfterAll
  static void stop() {
    server.close();
    Await.result(vertx.close());
  }

  private static Endpoint endpoint(
      HttpMethod method, String path, Facade facade, Access access, Operation operation) {
    BodyRule body = method.equals(HttpMethod.GET) ? BodyRule.NONE : BodyRule.ANY_TYPE;
    return new Endpoint(method, path, facade, access, body, operation);
  }

  private static Future<Answer> ok(String text) {
    return Future.succeededFuture(Answer.text(200, text));
  }

  private static Future<Answer> echo(Call call) {
    return ok(call.body().length() + " bytes");
  }

  private static Answer render(Problem problem, Call call) {
    return Answer.json(problem.status(), new JsonObject().put("problem", problem.name()));
  }

  @Test
  void foreignPathIsNotOurs() {
    assertThat(server.send("GET", "/other", null).body()).isEqualTo("not an own route");
    assertThat(server.send("GET", "/things/", null).body()).isEqualTo("not an own route");
    assertThat(server.send("GET", "/things/1/2", null).body()).isEqualTo("not an own route");
    assertThat(server.send("GET", "/thing%73/1/2", null).body()).isEqualTo("not an own route");
  }

  @Test
  void goodCredentialIsServedAndItsUseReported() {
    int before = server.used().size();

    HttpResponse<String> answer = server.send("GET", "/things", null, "Authorization", GOOD);

    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.headers().firstValue("Cache-Control")).hasValue("no-store");
    assertThat(server.used()).hasSize(before + 1).endsWith(KEY);
  }

  @Test
  void requestIdIsGivenBackOrMade() {
    assertThat(
            server
                .send("GET", "/things", null, "X-Request-Id", "abc-1")
                .headers()
                .firstValue("X-Request-Id"))
        .hasValue("abc-1");
    assertThat(server.send("GET", "/things", null).headers().firstValue("X-Request-Id").orElse(""))
        .hasSize(32);
  }

  @Test
  void missingAndBadCredentialsAreChallengedDifferently() {
    HttpResponse<String> missing = server.send("GET", "/things", null);
    HttpResponse<String> bad = server.send("GET", "/things", null, "Authorization", "Bearer no");
    HttpResponse<String> junk = server.send("GET", "/things", null, "Authorization", "Basic eDp5");

    assertThat(missing.statusCode()).isEqualTo(401);
    assertThat(missing.headers().firstValue("WWW-Authenticate"))
        .hasValue("Bearer realm=\"maglatch\"");
    assertThat(bad.headers().firstValue("WWW-Authenticate"))
        .hasValue("Bearer realm=\"maglatch\", error=\"invalid_token\"");
    assertThat(junk.headers().firstValue("WWW-Authenticate")).hasValue("Bearer realm=\"maglatch\"");
  }

  @Test
  void refusedUseIsNotReported() {
    int before = server.used().size();

    assertThat(server.send("GET", "/things", null, "Authorization", "Bearer other").statusCode())
        .isEqualTo(401);
    assertThat(server.used()).hasSize(before);
  }

  @Test
  void readKeyMayReadOnly() {
    assertThat(server.send("GET", "/things", null, "Authorization", "Bearer reader").statusCode())
        .isEqualTo(200);
    HttpResponse<String> post =
        server.send("POST", "/things", "{}", "Authorization", "Bearer reader");
    assertThat(post.statusCode()).isEqualTo(403);
    assertThat(post.headers().firstValue("WWW-Authenticate").orElse(""))
        .contains("insufficient_scope");
  }

  @Test
  void undecidedIsUnavailableAndNever401() {
    HttpResponse<String> answer =
        server.send("GET", "/things", null, "Authorization", "Bearer " + UNDECIDED);

    assertThat(answer.statusCode()).isEqualTo(503);
    assertThat(answer.headers().firstValue("Retry-After")).hasValue("1");
  }

  @Test
  void limitedGuessSaysWhenToRetry() {
    HttpResponse<String> answer =
        server.send("GET", "/things", null, "Authorization", "Bearer often");

    assertThat(answer.statusCode()).isEqualTo(429);
    assertThat(answer.headers().firstValue("Retry-After")).isPresent();
  }

  @Test
  void defectIs500InTheDialectsShape() {
    HttpResponse<String> answer = server.send("GET", "/broken", null);

    assertThat(answer.statusCode()).isEqualTo(500);
    assertThat(answer.body()).isEqualTo("{\"problem\":\"INTERNAL\"}");
  }

  @Test
  void wrongMethodIs405WithAllow() {
    HttpResponse<String> answer = server.send("DELETE", "/things", null);

    assertThat(answer.statusCode()).isEqualTo(405);
    assertThat(answer.headers().firstValue("Allow")).hasValue("GET, HEAD, OPTIONS, POST");
    assertThat(answer.body()).contains("METHOD_NOT_ALLOWED");
  }

  @Test
  void headIsGetWithoutBody() {
    HttpResponse<String> answer = server.send("HEAD", "/things", null, "Authorization", GOOD);

    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.headers().firstValue("Content-Length")).hasValue("4");
    assertThat(answer.body()).isEmpty();
  }

  @Test
  void optionsWithoutOriginTellsTheMethods() {
    HttpResponse<String> answer = server.send("OPTIONS", "/things/1", null);

    assertThat(answer.statusCode()).isEqualTo(204);
    assertThat(answer.headers().firstValue("Allow")).hasValue("GET, HEAD, OPTIONS");
  }

  @Test
  void openRoutesAnswerPreflightsForEveryPage() {
    HttpResponse<String> answer =
        server.send(
            "OPTIONS",
            "/things",
            null,
            "Origin",
            "https://anywhere.example",
            "Access-Control-Request-Method",
            "POST");

    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.body()).isEqualTo("ok");
    assertThat(answer.headers().firstValue("Access-Control-Allow-Origin")).hasValue("*");
    assertThat(answer.headers().firstValue("Access-Control-Allow-Headers"))
        .hasValue("authorization, x-client-info, apikey, content-type");
    assertThat(
            server.send("GET", "/things", null).headers().firstValue("Access-Control-Allow-Origin"))
        .hasValue("*");
  }

  @Test
  void otherRoutesAnswerPreflightsOfListedPages() {
    HttpResponse<String> listed = preflight("https://app.example");
    HttpResponse<String> foreign = preflight("https://evil.example");

    assertThat(listed.statusCode()).isEqualTo(204);
    assertThat(listed.headers().firstValue("Access-Control-Allow-Origin"))
        .hasValue("https://app.example");
    assertThat(foreign.headers().firstValue("Access-Control-Allow-Origin")).isEmpty();
  }

  private static HttpResponse<String> preflight(String origin) {
    return server.send(
        "OPTIONS", "/things/1", null, "Origin", origin, "Access-Control-Request-Method", "GET");
  }

  @Test
  void encodedSpellingIsServedOnlyWhenItIsTheSameRoute() {
    assertThat(server.send("GET", "/things/a%20b", null, "Authorization", GOOD).body())
        .isEqualTo("a b");
    for (String path : List.of("/thing%73", "/%6Fpen", "//things", "/things/a%2Fb")) {
      assertThat(server.send("GET", path, null, "Authorization", GOOD).statusCode())
          .as(path)
          .isEqualTo(400);
    }
  }

  @Test
  void queryParametersAreDecodedAndNeverAFailure() {
    assertThat(server.send("GET", "/query?a=1&q=x+%C3%BC", null).body()).isEqualTo("x ü");
    assertThat(server.send("GET", "/query?q", null).body()).isEmpty();
    assertThat(server.send("GET", "/query", null).body()).isEqualTo("null");
    assertThat(server.raw("GET /query?q=%zz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"))
        .endsWith("%zz");
  }

  @Test
  void bodyOfUpTo64kIsRead() {
    assertThat(server.send("POST", "/open", "x".repeat(65_536)).body()).isEqualTo("65536 bytes");
  }

  /** The client gets to read the refusal even while it is still sending. */
  @Test
  void largerBodyIs413AndTheConnectionCloses() {
    HttpResponse<String> answer = server.send("POST", "/open", "x".repeat(1_000_000));

    assertThat(answer.statusCode()).isEqualTo(413);
    assertThat(answer.headers().firstValue("Connection")).hasValue("close");
    assertThat(answer.body()).contains("BODY_TOO_LARGE");
  }

  /** Some clients announce that they close: nothing may be reset under their feet either. */
  @Test
  void clientThatClosesReadsTheRefusalToo() {
    String head =
        "POST /things HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 1000000\r\n\r\n";

    for (int i = 0; i < 20; i++) {
      assertThat(server.raw(head + "x".repeat(1_000_000)))
          .startsWith("HTTP/1.1 401 ")
          .endsWith("}");
    }
  }

  @Test
  void http2IsServedAlike() {
    HttpClient client =
        vertx.createHttpClient(
            new HttpClientOptions()
                .setProtocolVersion(HttpVersion.HTTP_2)
                .setHttp2ClearTextUpgrade(false));

    assertThat(Await.result(http2(client, "POST", "/open", 65_536))).isEqualTo("200 65536 bytes");
    assertThat(Await.result(http2(client, "POST", "/open", 1_000_000)))
        .isEqualTo("413 {\"problem\":\"BODY_TOO_LARGE\"}");
    assertThat(Await.result(http2(client, "POST", "/things", 1_000_000)))
        .isEqualTo("401 {\"problem\":\"UNAUTHENTICATED\"}");
    assertThat(Await.result(http2(client, "GET", "/query?q=1", 0))).isEqualTo("200 1");
    assertThat(Await.result(http2(client, "DELETE", "/open", 0))).startsWith("405 ");
    Await.result(client.close());
  }

  private static Future<String> http2(HttpClient client, String method, String path, int bytes) {
    return client
        .request(HttpMethod.valueOf(method), server.port(), "127.0.0.1", path)
        .compose(
            request -> {
              Future<HttpClientResponse> response = request.response();
              request.exceptionHandler(reset -> {});
              request.end(Buffer.buffer("x".repeat(bytes)));
              return response;
            })
        .compose(
            response -> response.body().map(body -> response.statusCode() + " " + body.toString()));
  }

  @Test
  void largerChunkedBodyIs413() {
    String answer =
        server.raw(
            "POST /open HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                + "11170\r\n" // 70,000
                + "x".repeat(70_000)
                + "\r\n0\r\n\r\n");

    assertThat(answer).startsWith("HTTP/1.1 413 ").contains("connection: close");
  }

  /** An anonymous caller must not make us buffer, or wait. */
  @Test
  void credentialsAreCheckedBeforeTheBodyIsRead() {
    String answer =
        server.raw("POST /things HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\nfirst bytes");

    assertThat(answer).startsWith("HTTP/1.1 401 ").contains("connection: close");
  }

  @Test
  void continueIsSaidOnlyToWhoMaySend() {
    String head =
        String.join(
            "\r\n",
            "POST /things HTTP/1.1",
            "Host: x",
            "Connection: close",
            "Expect: 100-continue",
            "Content-Length: 3",
            "");

    assertThat(server.raw(head + "Authorization: Bearer good\r\n\r\nabc"))
        .startsWith("HTTP/1.1 100 ")
        .endsWith("3 bytes");
    assertThat(server.raw(head + "Authorization: Bearer bad\r\n\r\n")).startsWith("HTTP/1.1 401 ");
  }

  @Test
  void connectionServesTheNextRequestAfterARefusalWithoutBody() {
    String first = "GET /things HTTP/1.1\r\nHost: x\r\n\r\n";
    String second = first.replace("\r\n\r\n", "\r\nConnection: close\r\nAuthorization: " + GOOD);
    String answer = server.raw(first + second + "\r\n\r\n");

    assertThat(answer).contains("HTTP/1.1 401 ").contains("HTTP/1.1 200 ");
  }

  @Test
  void jsonOnlyRouteRefusesOtherTypes() {
    assertThat(server.send("POST", "/json", "a=b", "Content-Type", "text/plain").statusCode())
        .isEqualTo(415);
    assertThat(
            server
                .send("POST", "/json", "{}", "Content-Type", "application/json; charset=utf-8")
                .statusCode())
        .isEqualTo(200);
    assertThat(server.send("POST", "/json", null).statusCode()).isEqualTo(200);
  }

  @Test
  void twoRoutesOfOnePathAndMethodAreADefect() {
    Facade facade = new Facade(OwnRouteTableTest::render, CrossOrigin.EVERY_PAGE);
    Endpoint one = endpoint(HttpMethod.GET, "/a", facade, Access.ANYONE, call -> ok(""));
    CallRunner runner =
        new CallRunner(vertx, TrustedProxies.NONE, KeyLimits.NONE, UseListener.NONE);

    assertThatThrownBy(() -> new OwnRouteTable(List.of(one, one), runner))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("GET /a");
  }
}
