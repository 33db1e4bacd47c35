// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.api.auth;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import dev.maglatch.Await;
import dev.maglatch.api.ApiServer;
import dev.maglatch.http.Cors;
import dev.maglatch.http.SessionCookie;
import dev.maglatch.postgres.Database;
import dev.maglatch.postgres.DatabaseAddress;
import dev.maglatch.postgres.PgSessionAccounts;
import dev.maglatch.postgres.PgSessionLookup;
import dev.maglatch.postgres.PgSessions;
import dev.maglatch.postgres.PgSignInCounters;
import dev.maglatch.postgres.PoolLimits;
import dev.maglatch.postgres.TestDatabase;
import dev.maglatch.secret.Secret;
import dev.maglatch.secret.SecretRing;
import dev.maglatch.session.Origin;
import dev.maglatch.session.OutsideIssuers;
import dev.maglatch.session.Passwords;
import dev.maglatch.session.SessionConfig;
import dev.maglatch.session.SessionConfig.ThrottleConfig;
import dev.maglatch.session.SessionMetrics;
import dev.maglatch.session.SessionPorts;
import dev.maglatch.session.SessionTokens;
import dev.maglatch.session.SessionVerifier;
import dev.maglatch.session.Sessions;
import dev.maglatch.verify.CacheConfig;
import dev.maglatch.verify.ChangeClock;
import dev.maglatch.verify.FixedTrust;
import dev.maglatch.verify.KeyVerifier.Times;
import dev.maglatch.verify.VerifyMetrics;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import java.net.http.HttpResponse;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The routes of sessions, over real sockets and on a real database. */
class AuthRoutesTest {
  private static final String PUBLIC_URL = "http://localhost:8080";
  private static final String PASSWORD = "correct horse";

  /** Of {@link #PASSWORD}, with a single iteration: the tests need not wait. */
  private static final Secret CHEAP_HASH =
      new Secret(
          "$pbkdf2-sha512$i=1$AAAAAAAAAAAAAAAAAAAAAA$NL0kf79j2E0aDyuLZ4o1wyM1GNdOxYkNu1HXZP4h1cA");

  private static final TestDatabase postgres = TestDatabase.create();
  private static final Vertx vertx = Vertx.vertx();
  private static final Passwords passwords =
      new Passwords(vertx, new SecureRandom(), SessionMetrics.NONE);
  private static final ChangeClock changes = new ChangeClock();
  private static final Database database =
      Database.open(vertx, postgres.address(), PoolLimits.DEFAULT);
  private static final PgSessionAccounts accounts =
      new PgSessionAccounts(database, new SecureRandom());
  private static final ApiServer server = serve(database, postgres.address());

  private String email = "";

  @BeforeEach
  void newcomer() {
    email = "ann-" + UUID.randomUUID() + "@example.com";
    Await.result(accounts.signUp(email, CHEAP_HASH, new Origin("192.0.2.1", null)));
  }

  @AfterAll
  static void stop() {
    server.close();
    Await.result(vertx.close());
    postgres.close();
  }

  @Test
  void passwordGrantAnswersWhatClientsOfTheOriginalRead() {
    HttpResponse<String> answer = password(email, PASSWORD);
    JsonObject session = json(answer);

    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.headers().firstValue("Cache-Control")).hasValue("no-store");
    assertThat(session.fieldNames())
        .containsExactlyInAnyOrder(
            "access_token", "token_type", "expires_in", "expires_at", "refresh_token", "user");
    assertThat(session.getString("token_type")).isEqualTo("bearer");
    assertThat(session.getInteger("expires_in")).isEqualTo(3600);
    assertThat(session.getLong("expires_at")).isBetween(seconds() + 3590, seconds() + 3610);
    assertThat(session.getJsonObject("user").getString("email")).isEqualTo(email);
    assertThat(session.getString("access_token")).startsWith("eyJ");
  }

  @Test
  void refusalsAreTheOriginalsOwn() {
    assertError(password(email, "wrong"), 400, "invalid_credentials", "Invalid login credentials");
    assertError(
        password("no-" + email, "wrong"), 400, "invalid_credentials", "Invalid login credentials");
    assertError(token("password", "{"), 400, "bad_json", null);
    assertError(token("password", "[]"), 400, "bad_json", null);
    assertError(token("password", "{}"), 400, "validation_failed", null);
    assertError(token("password", "{\"email\":1,\"password\":[]}"), 400, "validation_failed", null);
    assertError(token("magic", "{}"), 400, "validation_failed", null);
    assertError(token("refresh_token", "{"), 400, "bad_json", null);
    assertError(token("refresh_token", "{}"), 400, "validation_failed", null);
    assertError(
        token("refresh_token", "{\"refresh_token\":\"x\"}"), 400, "refresh_token_not_found", null);
    assertError(server.send("GET", "/auth/v1/token", null), 405, "method_not_allowed", null);
    assertError(
        token("password", "{\"a\":\"" + "x".repeat(70_000) + "\"}"),
        413,
        "request_too_large",
        null);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"email\":\"\\u0000@b\",\"password\":\"a\"}",
        "{\"email\":\"a@b\",\"password\":\"\\u0000\"}",
        "{\"email\":\"\\ud800@b\",\"password\":\"\\udfff\"}",
        "{\"email\":\"İ@b\",\"password\":\"a\"}"
      })
  void textThatNoDatabaseTakesIsAWrongPassword(String body) {
    assertError(token("password", body), 400, "invalid_credentials", null);
  }

  @Test
  void refreshTokenIsUsedOnceAndAgainForALostAnswer() {
    JsonObject first = json(password(email, PASSWORD));
    JsonObject second = json(refresh(first));

    JsonObject again = json(refresh(first));

    assertThat(again.getString("refresh_token")).isEqualTo(second.getString("refresh_token"));
    postgres.execute(
        "UPDATE session_families SET rotated_at ="
            + " ARRAY(SELECT t - interval '11 seconds' FROM unnest(rotated_at) AS t)");
    assertError(refresh(first), 400, "refresh_token_already_used", null);
    assertError(refresh(second), 400, "refresh_token_not_found", null);
    assertThat(user(second).statusCode()).isEqualTo(401);
  }

  @Test
  void loggedOutSessionIsOverAtOnce() {
    JsonObject session = json(password(email, PASSWORD));
    JsonObject other = json(password(email, PASSWORD));
    assertThat(user(session).statusCode()).isEqualTo(200);

    HttpResponse<String> answer = bearer("POST", "/auth/v1/logout", session, null);

    assertThat(answer.statusCode()).isEqualTo(204);
    assertThat(answer.body()).isEmpty();
    assertThat(answer.headers().firstValue("X-Maglatch-Revocation"))
        .hasValue("confirmed=1/1; expired=0; ms=0");
    assertError(user(session), 401, "bad_jwt", null);
    assertError(refresh(session), 400, "refresh_token_not_found", null);
    assertThat(user(other).statusCode()).isEqualTo(200);
  }

  @Test
  void logoutWithoutASessionIs401() {
    HttpResponse<String> answer = server.send("POST", "/auth/v1/logout", null);

    assertError(answer, 401, "no_authorization", null);
    assertThat(answer.headers().firstValue("WWW-Authenticate"))
        .hasValue("Bearer realm=\"maglatch\"");
  }

  @Test
  void globalLogoutEndsEverySession() {
    JsonObject session = json(password(email, PASSWORD));
    JsonObject other = json(password(email, PASSWORD));
    String cookie = cookie();

    assertThat(bearer("POST", "/auth/v1/logout?scope=global", session, null).statusCode())
        .isEqualTo(204);

    assertThat(user(session).statusCode()).isEqualTo(401);
    assertThat(user(other).statusCode()).isEqualTo(401);
    assertThat(session("GET", cookie).statusCode()).isEqualTo(401);
  }

  @Test
  void signUpMakesAnAccountAndSignsItIn() {
    String body = credentials("new-" + email, PASSWORD);
    HttpResponse<String> answer = server.send("POST", "/auth/v1/signup", body);

    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(user(json(answer)).statusCode()).isEqualTo(200);
    assertError(server.send("POST", "/auth/v1/signup", body), 422, "user_already_exists", null);
    assertError(
        server.send("POST", "/auth/v1/signup", credentials("b@c", "short")),
        422,
        "weak_password",
        null);
    assertError(
        server.send("POST", "/auth/v1/signup", credentials("nonsense", PASSWORD)),
        400,
        "validation_failed",
        null);
  }

  @Test
  void changedPasswordEndsTheOtherSessions() {
    JsonObject session = json(password(email, PASSWORD));
    JsonObject other = json(password(email, PASSWORD));
    String body =
        new JsonObject().put("current_password", PASSWORD).put("password", "a better one").encode();

    assertThat(bearer("PUT", "/auth/v1/user", session, body).statusCode()).isEqualTo(200);

    assertThat(user(other).statusCode()).isEqualTo(401);
    assertThat(user(session).statusCode()).isEqualTo(200);
    assertError(password(email, PASSWORD), 400, "invalid_credentials", null);
    assertThat(password(email, "a better one").statusCode()).isEqualTo(200);
  }

  @Test
  void repeatedFailuresAreLimited() {
    for (int i = 0; i < 5; i++) {
      assertThat(password(email, "wrong").statusCode()).isEqualTo(400);
    }

    HttpResponse<String> answer = password(email, PASSWORD);

    assertError(answer, 429, "over_request_rate_limit", null);
    assertThat(Integer.parseInt(answer.headers().firstValue("Retry-After").orElse("0")))
        .isBetween(1, 900);
  }

  @Test
  void cookieSessionIsSetReadAndCleared() {
    HttpResponse<String> answer = cookieSignIn();
    String set = answer.headers().firstValue("Set-Cookie").orElse("");
    String cookie = set.split(";", 2)[0];

    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(json(answer).getString("email")).isEqualTo(email);
    assertThat(set)
        .matches(
            "maglatch_session=[A-Za-z0-9_-]{43}; Max-Age=604800; Path=/; HttpOnly; SameSite=Strict");
    assertThat(json(session("GET", cookie)).getString("email")).isEqualTo(email);

    HttpResponse<String> signedOut = session("DELETE", cookie);
    assertThat(signedOut.statusCode()).isEqualTo(204);
    assertThat(signedOut.headers().firstValue("Set-Cookie").orElse(""))
        .startsWith("maglatch_session=; Max-Age=0");
    assertThat(session("GET", cookie).statusCode()).isEqualTo(401);
    assertThat(session("DELETE", cookie).statusCode()).isEqualTo(204);
  }

  @Test
  void bearerCredentialIsNoCookie() {
    JsonObject session = json(password(email, PASSWORD));

    assertThat(bearer("GET", "/auth/v1/session", session, null).statusCode()).isEqualTo(401);
  }

  @Test
  void pagesElsewhereMayNotUseTheCookie() {
    String cookie = cookie();

    for (String[] forged :
        List.of(
            new String[] {"Origin", "https://evil.example"},
            new String[] {"Origin", "null"},
            new String[] {"Sec-Fetch-Site", "cross-site"})) {
      assertThat(session("DELETE", cookie, forged).statusCode()).as(forged[1]).isEqualTo(403);
      assertThat(
              server
                  .send(
                      "POST",
                      "/auth/v1/session",
                      credentials(email, PASSWORD),
                      "Content-Type",
                      "application/json",
                      forged[0],
                      forged[1])
                  .statusCode())
          .as(forged[1])
          .isEqualTo(403);
    }
    assertThat(session("GET", cookie, "Origin", "https://evil.example").statusCode())
        .isEqualTo(200);
    assertThat(session("DELETE", cookie, "Origin", PUBLIC_URL).statusCode()).isEqualTo(204);
  }

  @Test
  void pageOfAnAllowedOriginMayUseTheCookie() {
    HttpResponse<String> answer = session("GET", cookie(), "Origin", "https://app.example.com");

    assertThat(answer.headers().firstValue("Access-Control-Allow-Origin"))
        .hasValue("https://app.example.com");
    assertThat(answer.headers().firstValue("Access-Control-Allow-Credentials")).hasValue("true");
  }

  @Test
  void cookieSignInTakesJsonOnly() {
    assertError(
        server.send(
            "POST", "/auth/v1/session", credentials(email, PASSWORD), "Content-Type", "text/plain"),
        415,
        "unsupported_media_type",
        null);
  }

  @ParameterizedTest
  @ValueSource(strings = {"https://app.example.com", "https://evil.example", "null"})
  void preflightIsAnsweredForEveryPage(String origin) {
    HttpResponse<String> answer =
        server.send(
            "OPTIONS",
            "/auth/v1/token",
            null,
            "Origin",
            origin,
            "Access-Control-Request-Method",
            "POST");

    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.body()).isEqualTo("ok");
    assertThat(answer.headers().firstValue("Access-Control-Allow-Headers"))
        .hasValue("authorization, x-client-info, apikey, content-type");
    assertThat(answer.headers().firstValue("Access-Control-Allow-Origin"))
        .hasValue(origin.contains("app") ? origin : "*");
  }

  @Test
  void lostDatabaseIs503AndNeverAWrongPassword() {
    DatabaseAddress nowhere = DatabaseAddress.parse("postgresql://x@127.0.0.1:1/x", null, null);
    Database gone = Database.open(vertx, nowhere, PoolLimits.DEFAULT);
    JsonObject session = json(password(email, PASSWORD));
    try (ApiServer lost = serve(gone, nowhere)) {
      HttpResponse<String> answer =
          lost.send("POST", "/auth/v1/token?grant_type=password", credentials(email, PASSWORD));
      assertError(answer, 503, "service_unavailable", null);
      assertThat(answer.headers().firstValue("Retry-After")).isPresent();
      String refresh =
          new JsonObject().put("refresh_token", session.getString("refresh_token")).encode();
      assertThat(lost.send("POST", "/auth/v1/token?grant_type=refresh_token", refresh).statusCode())
          .isEqualTo(503);
      String access = "Bearer " + session.getString("access_token");
      assertThat(lost.send("GET", "/auth/v1/user", null, "Authorization", access).statusCode())
          .isEqualTo(503);
      assertThat(
              lost.send(
                      "GET",
                      "/auth/v1/session",
                      null,
                      "Cookie",
                      "maglatch_session=" + "a".repeat(43))
                  .statusCode())
          .isEqualTo(503);
    }
    Await.result(gone.close());
  }

  private HttpResponse<String> password(String who, String password) {
    return token("password", credentials(who, password));
  }

  private static HttpResponse<String> token(String grantType, String body) {
    return server.send("POST", "/auth/v1/token?grant_type=" + grantType, body);
  }

  private static HttpResponse<String> refresh(JsonObject session) {
    String token = session.getString("refresh_token");
    return token("refresh_token", new JsonObject().put("refresh_token", token).encode());
  }

  private static HttpResponse<String> user(JsonObject session) {
    return bearer("GET", "/auth/v1/user", session, null);
  }

  private static HttpResponse<String> bearer(
      String method, String path, JsonObject session, @Nullable String body) {
    String credential = "Bearer " + session.getString("access_token");
    return server.send(method, path, body, "Authorization", credential);
  }

  private HttpResponse<String> cookieSignIn() {
    return server.send(
        "POST",
        "/auth/v1/session",
        credentials(email, PASSWORD),
        "Content-Type",
        "application/json");
  }

  private String cookie() {
    return cookieSignIn().headers().firstValue("Set-Cookie").orElse("").split(";", 2)[0];
  }

  private static HttpResponse<String> session(String method, String cookie, String... header) {
    return header.length == 0
        ? server.send(method, "/auth/v1/session", null, "Cookie", cookie)
        : server.send(method, "/auth/v1/session", null, "Cookie", cookie, header[0], header[1]);
  }

  private static String credentials(String who, String password) {
    return new JsonObject().put("email", who).put("password", password).encode();
  }

  private static void assertError(
      HttpResponse<String> answer, int status, String code, @Nullable String text) {
    JsonObject body = json(answer);
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(status);
    assertThat(body.fieldNames()).containsExactlyInAnyOrder("code", "error_code", "msg");
    assertThat(body.getInteger("code")).isEqualTo(status);
    assertThat(body.getString("error_code")).isEqualTo(code);
    if (text != null) {
      assertThat(body.getString("msg")).isEqualTo(text);
    }
  }

  private static JsonObject json(HttpResponse<String> answer) {
    return new JsonObject(requireNonNull(answer.body()));
  }

  private static long seconds() {
    return System.currentTimeMillis() / 1000;
  }

  private static ApiServer serve(Database database, DatabaseAddress address) {
    SecureRandom random = new SecureRandom();
    SecretRing ring = SecretRing.derive(List.of(new byte[32]));
    SessionTokens tokens = new SessionTokens(PUBLIC_URL, ring, random, InstantSource.system());
    SessionConfig config =
        new SessionConfig(
            true,
            Duration.ofDays(30),
            Duration.ofDays(7),
            new ThrottleConfig(5, 1000, Duration.ofMinutes(15), 100, Duration.ofSeconds(1)),
            List.of());
    PgSessionAccounts store = new PgSessionAccounts(database, random);
    SessionPorts ports =
        new SessionPorts(
            store,
            new PgSessions(database),
            new PgSignInCounters(database),
            AuthRoutesTest::settle);
    Sessions sessions =
        new Sessions(vertx, config, ports, tokens, passwords, random, SessionMetrics.NONE);
    SessionVerifier verifier =
        new SessionVerifier(
            tokens.reader(OutsideIssuers.none()),
            new PgSessionLookup(vertx, address.connectOptions(), Duration.ofSeconds(5)),
            store,
            changes,
            FixedTrust.LEASED,
            new Times(InstantSource.system(), System::nanoTime),
            CacheConfig.DEFAULT,
            VerifyMetrics.NONE);
    Cors cors = new Cors(List.of("https://app.example.com"), PUBLIC_URL);
    return ApiServer.start(
        vertx, AuthRoutes.endpoints(sessions, verifier, new SessionCookie(PUBLIC_URL), cors, true));
  }

  /** Stands for the change feed: what was settled is known here. */
  private static Future<String> settle(UUID entity) {
    changes.ownerChanged(entity);
    changes.everythingChanged();
    return Future.succeededFuture("confirmed=1/1; expired=0; ms=0");
  }
}
