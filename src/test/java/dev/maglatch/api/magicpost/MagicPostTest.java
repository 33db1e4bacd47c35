// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.api.magicpost;

import static org.assertj.core.api.Assertions.assertThat;

import dev.maglatch.api.ApiServer;
import dev.maglatch.api.FakeCredentials;
import dev.maglatch.api.ManagementPlane;
import dev.maglatch.http.Cors;
import dev.maglatch.key.KeyKind;
import dev.maglatch.manage.AccountRecord;
import dev.maglatch.manage.Confirmation;
import dev.maglatch.manage.Creation.IssuedKey;
import dev.maglatch.verify.ChangeClock;
import io.vertx.core.Future;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Section 3 of the wire contract, over a real socket and a real database. */
class MagicPostTest {
  private static final String KEYS = "/api/v1/api-keys";
  private static final String VERIFY = "/api/v1/auth/verify";
  private static final String TIME = "\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ";
  private static final Cors CORS =
      new Cors(List.of("https://app.example"), "http://localhost:8080");
  private static final ChangeClock changes = new ChangeClock();

  private static ManagementPlane plane;
  private static CookieSessions sessions;
  private static ApiServer server;

  private AccountRecord account;
  private String cookie;

  @BeforeAll
  static void start() {
    plane = new ManagementPlane(id -> Future.succeededFuture(new Confirmation(2, 3, 1, 7)));
    sessions = new CookieSessions(plane);
    server =
        ApiServer.start(
            plane.vertx(),
            MagicPostRoutes.endpoints(
                MagicPostRoutes.DEFAULT_BASE,
                sessions.access(CORS),
                plane.verifier(),
                CORS,
                new MagicPostRoutes.Domain(plane.keys(), plane.accounts()),
                changes));
  }

  @AfterAll
  static void stop() {
    server.close();
    sessions.close();
    plane.close();
  }

  @BeforeEach
  void signIn() {
    account = plane.account();
    cookie = sessions.signIn(account);
  }

  @Test
  void createAnswersExactlyTheNewKey() {
    HttpResponse<String> answer = create("{\"name\":\" My key \"}");

    JsonObject body = new JsonObject(answer.body());
    assertThat(answer.statusCode()).isEqualTo(201);
    assertThat(answer.headers().firstValue("Cache-Control")).hasValue("no-store");
    assertThat(body.fieldNames()).containsExactlyInAnyOrder("key", "token");
    JsonObject key = body.getJsonObject("key");
    assertThat(key.fieldNames()).containsExactlyInAnyOrder("id", "prefix", "name");
    assertThat(key.getString("name")).isEqualTo("My key");
    assertThat(body.getString("token")).matches("mp_[A-Za-z0-9_-]{43}");
    assertThat(key.getString("prefix")).isEqualTo(body.getString("token").substring(0, 9));
  }

  @Test
  void listShowsEveryMember() {
    String id = made("{\"name\":\"One\"}").getJsonObject("key").getString("id");
    plane
        .server()
        .execute(
            "INSERT INTO key_usage (key_id, last_used_at) VALUES ('%s', '2026-02-18 10:05:06.9+00')"
                .formatted(id));

    JsonObject listed = list().getJsonObject(0);

    assertThat(listed.fieldNames())
        .containsExactlyInAnyOrder(
            "id", "prefix", "name", "scopes", "created_at", "last_used_at", "revoked_at");
    assertThat(listed.getString("id")).isEqualTo(id);
    assertThat(listed.getJsonArray("scopes")).isEqualTo(new JsonArray().add("mcp:v1"));
    assertThat(listed.getString("created_at")).matches(TIME);
    assertThat(listed.getString("last_used_at")).isEqualTo("2026-02-18T10:05:06Z");
    assertThat(listed.getValue("revoked_at")).isNull();
  }

  @Test
  void keysAreListedNewestFirstRevokedOnesToo() {
    made("{\"name\":\"one\"}");
    String second = made("{\"name\":\"two\"}").getJsonObject("key").getString("id");
    made("{\"name\":\"three\"}");
    assertThat(delete(second).statusCode()).isEqualTo(200);
    plane.key(account, KeyKind.MGP, "other kind");
    plane.key(plane.account(), KeyKind.MP, "other account");

    JsonArray keys = list();
    assertThat(keys.stream().map(key -> ((JsonObject) key).getString("name")))
        .containsExactly("three", "two", "one");
    assertThat(keys.getJsonObject(1).getString("revoked_at")).matches(TIME);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "{}",
        "{\"name\":null}",
        "{\"name\":\"\"}",
        "{\"name\":\" \\t\\n\\u00a0\"}",
        "{\"other\":1}"
      })
  void nameMayBeLeftOut(String body) {
    assertThat(made(body).getJsonObject("key").getValue("name")).isNull();
    assertThat(list().getJsonObject(0).getValue("name")).isNull();
  }

  @Test
  void postWithoutAnyBodyMakesAKey() {
    assertThat(server.send("POST", KEYS, null, "Cookie", cookie).statusCode()).isEqualTo(201);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"name\":7}",
        "{\"name\":true}",
        "{\"name\":[\"x\"]}",
        "{\"name\":{}}",
        "{\"name\":\"a\\u0000b\"}",
        "{\"name\":\"lone \\ud800\"}",
        "[]",
        "null",
        "\"x\"",
        "{",
        "{\"name\":\"a\",\"name\":\"b\"}",
        "nonsense"
      })
  void badNameOrBodyIsMissingData(String body) {
    assertError(create(body), 400, "missing_data");
    assertThat(list()).isEmpty();
  }

  @Test
  void nameIsCountedInCodePoints() {
    String longest = "🔑".repeat(64);

    assertThat(made(named(longest)).getJsonObject("key").getString("name")).isEqualTo(longest);
    assertError(create(named(longest + "x")), 400, "missing_data");
  }

  @Test
  void eleventhActiveKeyIsRefused() {
    String first = made("").getJsonObject("key").getString("id");
    for (int i = 1; i < 10; i++) {
      made("");
    }

    assertError(create(""), 400, "key_limit_reached");
    assertError(create("{\"name\":7}"), 400, "missing_data");
    delete(first);
    assertThat(create("").statusCode()).isEqualTo(201);
  }

  @RepeatedTest(3)
  void capHoldsWhenFiftyCreatesRace() {
    for (int i = 0; i < 9; i++) {
      made("");
    }
    List<CompletableFuture<HttpResponse<String>>> racing = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      racing.add(
          server.sendLater(
              "POST", KEYS, "{}", "Cookie", cookie, "Content-Type", "application/json"));
    }

    List<HttpResponse<String>> answers = racing.stream().map(CompletableFuture::join).toList();

    assertThat(answers).filteredOn(answer -> answer.statusCode() == 201).hasSize(1);
    assertThat(answers)
        .filteredOn(answer -> answer.statusCode() != 201)
        .allSatisfy(answer -> assertError(answer, 400, "key_limit_reached"));
    assertThat(list()).hasSize(10);
  }

  @Test
  void revokedKeyIsRefusedAtOnceAndTheAnswerSaysWhoKnows() {
    JsonObject made = made("");
    String id = made.getJsonObject("key").getString("id");

    HttpResponse<String> answer = delete(id);
    HttpResponse<String> again = delete(id);

    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.body()).isEqualTo("{\"success\":true}");
    assertError(again, 404, "key_not_found");
    assertThat(List.of(answer, again))
        .allSatisfy(
            one ->
                assertThat(one.headers().firstValue("X-Maglatch-Revocation"))
                    .hasValue("confirmed=2/3; expired=1; ms=7"));
    assertError(verify("Bearer " + made.getString("token")), 401, "user_not_found");
    assertThat(plane.rows("SELECT action, credential FROM audit WHERE entity_id = '" + id + "'"))
        .containsExactly("api_key.created|cookie", "api_key.revoked|cookie");
  }

  @Test
  void deleteFindsKeysOfItsOwnOnly() {
    Stream.of(
            plane.key(plane.account(), KeyKind.MP, "not yours").key().id().toString(),
            plane.key(account, KeyKind.MGP, "other kind").key().id().toString(),
            UUID.randomUUID().toString(),
            "not-a-uuid",
            "%20",
            "%00x")
        .forEach(id -> assertError(delete(id), 404, "key_not_found"));
  }

  @Test
  void withoutAValidCookieNoBearerHelps() {
    String key = plane.key(account, KeyKind.MP, "mp").token().reveal();

    for (String bearer : List.of(key, plane.session(account), "junk")) {
      for (String wrong : List.of("other=1", "maglatch_session=", "maglatch_session=x")) {
        assertError(
            server.send("GET", KEYS, null, "Authorization", "Bearer " + bearer, "Cookie", wrong),
            401,
            "auth_required");
      }
      assertError(
          server.send("POST", KEYS, "{}", "Authorization", "Bearer " + bearer),
          401,
          "auth_required");
      assertError(
          server.send(
              "DELETE", KEYS + "/" + UUID.randomUUID(), null, "Authorization", "Bearer " + bearer),
          401,
          "auth_required");
    }
  }

  @Test
  void withACookieTheAuthorizationIsIgnored() {
    String other = plane.key(plane.account(), KeyKind.MP, "other").token().reveal();
    made("{\"name\":\"mine\"}");

    HttpResponse<String> answer =
        server.send("GET", KEYS, null, "Cookie", cookie, "Authorization", "Bearer " + other);

    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.body()).contains("mine").doesNotContain("other");
    assertThat(
            server
                .send("GET", KEYS, null, "Cookie", cookie, "Authorization", "Bearer junk x")
                .statusCode())
        .isEqualTo(200);
  }

  @Test
  void pagesElsewhereMayNotChangeAnything() {
    for (String[] header :
        List.of(
            new String[] {"Origin", "https://evil.example"},
            new String[] {"Origin", "null"},
            new String[] {"Sec-Fetch-Site", "cross-site"})) {
      assertError(
          server.send("POST", KEYS, null, "Cookie", cookie, header[0], header[1]),
          403,
          "forbidden");
      assertError(
          server.send(
              "DELETE",
              KEYS + "/" + UUID.randomUUID(),
              null,
              "Cookie",
              cookie,
              header[0],
              header[1]),
          403,
          "forbidden");
    }
    for (String origin : List.of("https://app.example", "http://localhost:8080")) {
      assertThat(server.send("POST", KEYS, null, "Cookie", cookie, "Origin", origin).statusCode())
          .isEqualTo(201);
    }
  }

  @Test
  void bodyOfAnotherTypeIs415() {
    assertError(
        server.send("POST", KEYS, "{}", "Cookie", cookie, "Content-Type", "text/plain"),
        415,
        "unsupported_media_type");
    assertError(server.send("POST", KEYS, "{}", "Cookie", cookie), 415, "unsupported_media_type");
  }

  @Test
  void otherMethodsAndLargeBodiesAreRefusedInThisShape() {
    HttpResponse<String> put = server.send("PUT", KEYS, "{}", "Cookie", cookie);
    assertError(put, 405, "method_not_allowed");
    assertThat(put.headers().firstValue("Allow").orElse("")).contains("GET", "POST");
    assertError(server.send("POST", VERIFY, "{}"), 405, "method_not_allowed");
    assertError(create("x".repeat(1_000_000)), 413, "payload_too_large");
  }

  @Test
  void verifyTellsWhoseKeyItIs() {
    IssuedKey key = plane.key(account, KeyKind.MP, "mine");

    HttpResponse<String> answer = verify("bearer " + key.token().reveal());

    JsonObject body = new JsonObject(answer.body());
    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(body.fieldNames()).containsExactlyInAnyOrder("user_record_id", "email", "scopes");
    assertThat(body.getString("user_record_id"))
        .matches("rec[0-9A-Za-z]{14}")
        .isEqualTo(account.userRecordId());
    assertThat(body.getString("email")).isEqualTo(account.email());
    assertThat(body.getJsonArray("scopes")).isEqualTo(new JsonArray().add("mcp:v1"));
    assertThat(server.used()).contains(key.key().id());
  }

  /** The profile is not read again for each call, and a change counts nevertheless. */
  @Test
  void profileIsKeptUntilTheAccountChanges() {
    String bearer = "Bearer " + plane.key(account, KeyKind.MP, "mine").token().reveal();
    assertThat(verify(bearer).body()).contains(account.email());

    plane
        .server()
        .execute("UPDATE accounts SET email = 'new-' || email WHERE id = '" + account.id() + "'");
    assertThat(verify(bearer).body()).doesNotContain("new-");
    changes.ownerChanged(account.id());

    assertThat(verify(bearer).body()).contains("new-" + account.email());
  }

  @Test
  void verifyAsksForAnMpToken() {
    String mgp = plane.key(account, KeyKind.MGP, "mgp").token().reveal();
    for (String credential :
        List.of("Bearer " + mgp, "Bearer " + plane.session(account), "Bearer junk", "Basic bXA6")) {
      assertError(verify(credential), 401, "auth_required");
    }
    HttpResponse<String> missing = verify(null);
    assertError(missing, 401, "auth_required");
    assertThat(missing.headers().firstValue("WWW-Authenticate"))
        .hasValue("Bearer realm=\"maglatch\"");
    assertError(server.send("GET", VERIFY, null, "Cookie", cookie), 401, "auth_required");
  }

  @Test
  void verifyKnowsNoForgedToken() {
    for (String token : List.of("mp_", "mp_short", "mp_" + "A".repeat(43))) {
      HttpResponse<String> answer = verify("Bearer " + token);
      assertError(answer, 401, "user_not_found");
      assertThat(answer.headers().firstValue("WWW-Authenticate"))
          .hasValue("Bearer realm=\"maglatch\", error=\"invalid_token\"");
    }
  }

  @Test
  void keyOfADisabledAccountIsNobodys() {
    String bearer = "Bearer " + plane.key(account, KeyKind.MP, "mine").token().reveal();
    plane
        .server()
        .execute("UPDATE accounts SET disabled_at = now() WHERE id = '" + account.id() + "'");

    assertError(verify(bearer), 401, "user_not_found");
    assertError(server.send("GET", KEYS, null, "Cookie", cookie), 401, "auth_required");
  }

  @Test
  void undecidedIs503() {
    String unknown = "mp_undecided";
    FakeCredentials down = new FakeCredentials().failsOn(unknown);
    try (ApiServer undecided =
        ApiServer.start(
            plane.vertx(),
            MagicPostRoutes.endpoints(
                "/m",
                sessions.access(CORS),
                down,
                CORS,
                new MagicPostRoutes.Domain(plane.keys(), plane.accounts()),
                changes))) {
      HttpResponse<String> answer =
          undecided.send("GET", "/m/auth/verify", null, "Authorization", "Bearer " + unknown);

      assertError(answer, 503, "auth_unavailable");
      assertThat(answer.headers().firstValue("Retry-After")).isPresent();
    }
  }

  private static String named(String name) {
    return new JsonObject().put("name", name).encode();
  }

  private HttpResponse<String> create(String body) {
    return server.send("POST", KEYS, body, "Cookie", cookie, "Content-Type", "application/json");
  }

  private JsonObject made(String body) {
    HttpResponse<String> answer = create(body);
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(201);
    return new JsonObject(answer.body());
  }

  private HttpResponse<String> delete(String id) {
    return server.send("DELETE", KEYS + "/" + id, null, "Cookie", cookie);
  }

  private JsonArray list() {
    HttpResponse<String> answer = server.send("GET", KEYS, null, "Cookie", cookie);
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    JsonObject body = new JsonObject(answer.body());
    assertThat(body.fieldNames()).containsExactly("keys");
    return body.getJsonArray("keys");
  }

  private static HttpResponse<String> verify(@Nullable String authorization) {
    return authorization == null
        ? server.send("GET", VERIFY, null)
        : server.send("GET", VERIFY, null, "Authorization", authorization);
  }

  private static void assertError(HttpResponse<String> answer, int status, String type) {
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(status);
    JsonObject body = new JsonObject(answer.body());
    assertThat(body.fieldNames()).containsExactlyInAnyOrder("error", "error_type");
    assertThat(body.getString("error_type")).isEqualTo(type);
    assertThat(body.getString("error")).isNotBlank();
  }
}
