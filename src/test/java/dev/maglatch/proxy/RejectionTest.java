// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import dev.maglatch.http.BearerToken;
import dev.maglatch.http.Cors;
import dev.maglatch.proxy.RawConnection.Answer;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class RejectionTest {
  private static final Vertx vertx = Vertx.vertx();
  private static final Rejection rejection =
      new Rejection(new Cors(List.of("https://app.example"), null));
  private static int port;

  /** The header {@code why} names the refusal, {@code dialect} the route's. */
  @BeforeAll
  static void startServer() throws Exception {
    HttpServer server = vertx.createHttpServer().requestHandler(RejectionTest::refuse);
    port = server.listen(0).toCompletionStage().toCompletableFuture().get(10, SECONDS).actualPort();
  }

  @AfterAll
  static void stop() throws Exception {
    vertx.close().toCompletionStage().toCompletableFuture().get(10, SECONDS);
  }

  private static void refuse(HttpServerRequest request) {
    request.pause();
    if (Cors.isPreflight(request)) {
      rejection.answerPreflight(request, "req-1");
      return;
    }
    BearerToken token = BearerToken.of(request.headers());
    Refusal why = Refusal.valueOf(request.getHeader("why"));
    rejection.refuse(
        request, "req-1", request.path(), route(request.getHeader("dialect")), token, why, null);
  }

  private static @Nullable Route route(@Nullable String dialect) {
    if (dialect == null) {
      return null;
    }
    return Routes.with(
        Route.catchAll(new Upstream(false, "localhost", 1, "")),
        Dialect.valueOf(dialect.toUpperCase(Locale.ROOT)));
  }

  @ParameterizedTest
  @CsvSource({
    "/orders,         , , MAGPIPE",
    "/v1,             , , ORGANIZATION",
    "/v1/orders,      , , ORGANIZATION",
    "/v1x,            , , MAGPIPE",
    "/api/v1/orders,  , , MAGICPOST",
    "/api/v1x,        , , MAGPIPE",
    "/orders,         , mp_x, MAGICPOST",
    "/v1/orders,      magpipe, mp_x, MAGICPOST",
    "/orders,         organization, mgp_x, ORGANIZATION",
    "/api/v1/orders,  magpipe, , MAGPIPE",
  })
  void shapeGoesByCredentialThenRouteThenPath(
      String path, @Nullable String dialect, @Nullable String token, Dialect shape) {
    JsonObject body =
        new JsonObject(
            ask("GET", path, Refusal.UNAUTHORIZED, header("dialect", dialect) + bearer(token))
                .body());

    assertThat(body.fieldNames())
        .isEqualTo(
            switch (shape) {
              case MAGPIPE -> java.util.Set.of("error");
              case MAGICPOST -> java.util.Set.of("error", "error_type");
              case ORGANIZATION -> java.util.Set.of("code", "message", "requestId");
            });
  }

  @ParameterizedTest
  @EnumSource(Refusal.class)
  void everyRefusalIsJsonInEveryShape(Refusal why) {
    Answer magpipe = ask("GET", "/", why, "dialect: magpipe\r\n");
    Answer magicPost = ask("GET", "/", why, "dialect: magicpost\r\n");
    Answer envelope = ask("GET", "/", why, "dialect: organization\r\n");

    assertThat(new JsonObject(magpipe.body()).getJsonObject("error").fieldNames())
        .containsExactlyInAnyOrder("code", "message");
    assertThat(new JsonObject(magicPost.body()).getString("error_type")).isNotBlank();
    assertThat(new JsonObject(envelope.body()))
        .isEqualTo(
            new JsonObject()
                .put("code", why.status())
                .put("message", why.text())
                .put("requestId", "req-1"));
    assertThat(List.of(magpipe, magicPost, envelope))
        .allSatisfy(
            answer -> {
              assertThat(answer.status()).isEqualTo(why.status());
              assertThat(answer.header("content-type")).isEqualTo("application/json");
              assertThat(answer.header("cache-control")).isEqualTo("no-store");
              assertThat(answer.header("x-request-id")).isEqualTo("req-1");
            });
  }

  @Test
  void magpipeBodyIsExact() {
    assertThat(ask("GET", "/", Refusal.UNAUTHORIZED, "").body())
        .isEqualTo("{\"error\":{\"code\":\"unauthorized\",\"message\":\"Unauthorized\"}}");
  }

  @ParameterizedTest
  @CsvSource({
    "UNAUTHORIZED, , auth_required",
    "UNAUTHORIZED, mp_x, user_not_found",
    "UNAUTHORIZED, mgp_x, user_not_found",
    "UNAUTHORIZED, eyJx, auth_required",
    "UNDECIDED, mp_x, auth_unavailable",
    "RATE_LIMITED, mp_x, rate_limited",
    "NOT_FOUND, mp_x, not_found",
  })
  void magicPostNamesWhatToDo(Refusal why, @Nullable String token, String type) {
    Answer answer = ask("GET", "/", why, "dialect: magicpost\r\n" + bearer(token));

    assertThat(new JsonObject(answer.body()).getString("error_type")).isEqualTo(type);
  }

  @Test
  void magicPostSaysTheLimit() {
    Answer answer = ask("GET", "/api/v1/x", Refusal.RATE_LIMITED, "");

    assertThat(new JsonObject(answer.body()).fieldNames())
        .contains("error", "error_type", "current_count", "limit", "hint");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "UNAUTHORIZED |                             | Bearer realm=\"maglatch\"",
        "UNAUTHORIZED | Authorization: Basic YTpi   | Bearer realm=\"maglatch\"",
        "UNAUTHORIZED | Authorization: Bearer mgp_x | "
            + "Bearer realm=\"maglatch\", error=\"invalid_token\"",
        "UNAUTHORIZED | Authorization: Bearer a b   | "
            + "Bearer realm=\"maglatch\", error=\"invalid_token\"",
        "FORBIDDEN    | Authorization: Bearer mgp_x | "
            + "Bearer realm=\"maglatch\", error=\"insufficient_scope\"",
      })
  void challengeBlamesTheTokenOnlyIfOneWasSent(
      Refusal why, @Nullable String line, String challenge) {
    Answer answer = ask("GET", "/", why, line == null ? "" : line + "\r\n");

    assertThat(answer.header("www-authenticate")).isEqualTo(challenge);
  }

  @ParameterizedTest
  @CsvSource({"UNDECIDED, 1", "OVERLOADED, 1", "RATE_LIMITED, 1", "BAD_GATEWAY, ''"})
  void retryAfterIsSentWhereWaitingHelps(Refusal why, String seconds) {
    assertThat(ask("GET", "/", why, "").header("retry-after")).isEqualTo(seconds);
  }

  @Test
  void pageOfAnAllowedOriginMayReadTheError() {
    Answer answer = ask("GET", "/", Refusal.UNAUTHORIZED, "Origin: https://app.example\r\n");

    assertThat(answer.header("access-control-allow-origin")).isEqualTo("https://app.example");
    assertThat(answer.header("vary")).isEqualToIgnoringCase("origin");
  }

  @Test
  void preflightIsAnsweredWithoutCredential() {
    String wanted = "Access-Control-Request-Method: PUT\r\n";

    Answer allowed = ask("OPTIONS", "/", null, "Origin: https://app.example\r\n" + wanted);
    Answer foreign = ask("OPTIONS", "/", null, "Origin: https://evil.test\r\n" + wanted);

    assertThat(allowed.status()).isEqualTo(204);
    assertThat(allowed.header("access-control-allow-methods")).contains("PUT");
    assertThat(allowed.header("x-request-id")).isEqualTo("req-1");
    assertThat(foreign.status()).isEqualTo(403);
    assertThat(foreign.header("access-control-allow-origin")).isEmpty();
  }

  @Test
  void connectionStaysOpenWhenThereIsNoBodyToRead() {
    try (RawConnection client = new RawConnection(port)) {
      for (int i = 0; i < 3; i++) {
        client.send("GET / HTTP/1.1\r\nHost: x\r\nwhy: UNAUTHORIZED\r\n\r\n");
        Answer answer = client.read();
        assertThat(answer.status()).isEqualTo(401);
        assertThat(answer.header("connection")).isEmpty();
      }
    }
  }

  /** What was not read would be taken for the next request. */
  @Test
  void connectionEndsAfterRefusingABodyThatWasNotRead() {
    try (RawConnection client = new RawConnection(port)) {
      client.send(
          "POST / HTTP/1.1\r\nHost: x\r\nwhy: UNAUTHORIZED\r\nContent-Length: 9000\r\n\r\nabc");

      Answer answer = client.read();

      assertThat(answer.status()).isEqualTo(401);
      assertThat(answer.header("connection")).isEqualTo("close");
      assertThat(client.isClosedByServer()).isTrue();
    }
  }

  /** A client that first sends all and then reads must get its answer, not a reset. */
  @Test
  void clientThatIsStillSendingGetsTheAnswer() {
    String chunk = "x".repeat(100_000);
    try (RawConnection client = new RawConnection(port)) {
      client.send(
          "POST / HTTP/1.1\r\nHost: x\r\nwhy: UNAUTHORIZED\r\nContent-Length: 2000000\r\n\r\n");
      for (int i = 0; i < 20; i++) {
        client.send(chunk);
      }

      assertThat(client.readToEnd()).startsWith("HTTP/1.1 401 ").endsWith("}}");
    }
  }

  /** The bytes after a refused request must not be answered as a request of their own. */
  @Test
  void whatFollowsAnEndedConnectionIsNotARequest() {
    String get = "GET / HTTP/1.1\r\nHost: x\r\nwhy: BAD_REQUEST\r\n\r\n";
    try (RawConnection client = new RawConnection(port)) {
      client.send(get + get);

      assertThat(client.readToEnd()).containsOnlyOnce("HTTP/1.1");
    }
  }

  @Test
  void headGetsNoBody() {
    try (RawConnection client = new RawConnection(port)) {
      client.send("HEAD / HTTP/1.1\r\nHost: x\r\nwhy: BAD_REQUEST\r\n\r\n");

      assertThat(client.readToEnd()).startsWith("HTTP/1.1 400 ").endsWith("\r\n\r\n");
    }
  }

  private static Answer ask(String method, String path, @Nullable Refusal why, String headers) {
    try (RawConnection client = new RawConnection(port)) {
      String reason = why == null ? "" : "why: " + why + "\r\n";
      client.send(method + " " + path + " HTTP/1.1\r\nHost: x\r\n" + reason + headers + "\r\n");
      return client.read();
    }
  }

  private static String header(String name, @Nullable String value) {
    return value == null ? "" : name + ": " + value + "\r\n";
  }

  private static String bearer(@Nullable String token) {
    return token == null ? "" : "Authorization: Bearer " + token + "\r\n";
  }
}
