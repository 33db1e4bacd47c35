// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.api.magpipe;

import static org.assertj.core.api.Assertions.assertThat;

import dev.maglatch.api.ApiServer;
import dev.maglatch.api.FakeCredentials;
import dev.maglatch.api.ManagementPlane;
import dev.maglatch.key.KeyKind;
import dev.maglatch.manage.AccountRecord;
import dev.maglatch.manage.Confirmation;
import dev.maglatch.manage.Creation.IssuedKey;
import dev.maglatch.webhook.DestinationGuard;
import dev.maglatch.webhook.WebhookConfig;
import io.vertx.core.Future;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.net.http.HttpResponse;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Section 2 of the wire contract, over a real socket and a real database. */
class MagpipeTest {
  private static final String PATH = "/functions/v1/manage-api-keys";
  private static final String TIME =
      "\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d{0,5}[1-9])?\\+00:00";
  private static final String INVALID_URL = "Invalid webhook URL. Must be a valid HTTPS URL.";
  private static final DestinationGuard URLS =
      new DestinationGuard(WebhookConfig.of(false, List.of()));
  private static final String INVALID_ACTION =
      "Invalid action. Use: generate, list, revoke, update";

  private static final List<UUID> confirmed = new CopyOnWriteArrayList<>();
  private static ManagementPlane plane;
  private static ApiServer server;

  private AccountRecord account;
  private String session;

  @BeforeAll
  static void start() {
    plane =
        new ManagementPlane(
            id -> {
              confirmed.add(id);
              return Future.succeededFuture(new Confirmation(2, 3, 1, 7));
            });
    server =
        ApiServer.start(
            plane.vertx(),
            MagpipeRoutes.endpoints(
                MagpipeRoutes.DEFAULT_BASE, plane.verifier(), plane.keys(), URLS::accepts));
  }

  @AfterAll
  static void stop() {
    server.close();
    plane.close();
  }

  @BeforeEach
  void signIn() {
    account = plane.account();
    session = plane.session(account);
  }

  @Test
  void generateAnswersExactlyTheNewKey() {
    HttpResponse<String> answer = post(generate("My key"));

    JsonObject key = new JsonObject(answer.body());
    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.headers().firstValue("Content-Type")).hasValue("application/json");
    assertThat(answer.headers().firstValue("Cache-Control")).hasValue("no-store");
    assertThat(answer.headers().firstValue("X-Request-Id")).isPresent();
    assertThat(key.fieldNames())
        .containsExactlyInAnyOrder(
            "key", "id", "name", "key_prefix", "created_at", "webhook_secret");
    assertThat(key.getString("key")).matches("mgp_[0-9a-f]{40}");
    assertThat(key.getString("key_prefix")).isEqualTo(key.getString("key").substring(0, 8));
    assertThat(key.getString("name")).isEqualTo("My key");
    assertThat(key.getString("created_at")).matches(TIME);
    assertThat(key.getValue("webhook_secret")).isNull();
  }

  @Test
  void newKeyManagesAndIsListed() {
    JsonObject made = ok(generate("First"));
    String token = made.getString("key");

    JsonObject listed = only(new JsonObject(post(token, action("list")).body()));

    assertThat(listed.fieldNames())
        .containsExactlyInAnyOrder(
            "id",
            "name",
            "key_prefix",
            "webhook_url",
            "webhook_secret",
            "is_active",
            "created_at",
            "last_used_at");
    assertThat(listed.getString("id")).isEqualTo(made.getString("id"));
    assertThat(listed.getString("created_at")).isEqualTo(made.getString("created_at"));
    assertThat(listed.getBoolean("is_active")).isTrue();
    assertThat(listed.getValue("last_used_at")).isNull();
    assertThat(server.used()).contains(UUID.fromString(made.getString("id")));
  }

  @Test
  void otherMountIsTheSameRoute() {
    assertThat(server.post("/manage-api-keys", session, action("list")).body())
        .isEqualTo("{\"keys\":[]}");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "2026-02-18T10:05:06.609Z",
        "2026-02-18T10:05:06Z",
        "2026-02-18T10:05:06.000001Z",
        "2026-02-18T10:05:06.1234567Z",
        "2024-02-29T23:59:59.10Z"
      })
  void timesAreAsPostgresqlPrintsThem(String time) {
    UUID id = plane.key(account, KeyKind.MGP, "Times").key().id();
    plane
        .server()
        .execute("UPDATE api_keys SET created_at = '%s' WHERE id = '%s'".formatted(time, id));
    String sql = "SELECT to_json(created_at AT TIME ZONE 'UTC') #>> '{}' FROM api_keys WHERE id = ";
    String printed = plane.rows(sql + "'" + id + "'").get(0);

    assertThat(only(ok(action("list"))).getString("created_at")).isEqualTo(printed + "+00:00");
  }

  @Test
  void lastUseIsShown() {
    UUID id = plane.key(account, KeyKind.MGP, "Used").key().id();
    plane
        .server()
        .execute(
            "INSERT INTO key_usage (key_id, last_used_at) VALUES ('%s', '2026-02-18 10:05:06.6+00')"
                .formatted(id));

    assertThat(only(ok(action("list"))).getString("last_used_at"))
        .isEqualTo("2026-02-18T10:05:06.6+00:00");
  }

  @Test
  void webhookSecretIsMadeShownAndSealed() {
    JsonObject made = ok(generate("Hook").put("webhook_url", "https://example.com/in?x=1"));

    String secret = made.getString("webhook_secret");
    JsonObject listed = only(ok(action("list")));
    assertThat(secret).matches("whsec_[0-9a-f]{64}");
    assertThat(listed.getString("webhook_secret")).isEqualTo(secret);
    assertThat(listed.getString("webhook_url")).isEqualTo("https://example.com/in?x=1");
    assertThat(plane.rows("SELECT encode(webhook_secret, 'escape') FROM api_keys").toString())
        .doesNotContain(secret.substring(6, 20));
  }

  @Test
  void plainTokenIsNowhereInTheDatabase() {
    String token = ok(generate("Secret")).getString("key");

    for (String table : List.of("api_keys", "audit", "changes")) {
      assertThat(plane.rows("SELECT row_to_json(r)::text FROM " + table + " AS r").toString())
          .doesNotContain(token.substring(9));
    }
  }

  @Test
  void keysAreListedNewestFirstRevokedOnesToo() {
    ok(generate("one"));
    String second = ok(generate("two")).getString("id");
    ok(generate("three"));
    ok(revoke(second));

    JsonArray keys = ok(action("list")).getJsonArray("keys");
    assertThat(keys.stream().map(key -> ((JsonObject) key).getString("name")))
        .containsExactly("three", "two", "one");
    assertThat(keys.getJsonObject(1).getBoolean("is_active")).isFalse();
  }

  @Test
  void otherKindsAndOtherAccountsAreNotListed() {
    plane.key(account, KeyKind.MP, "other kind");
    plane.key(account, KeyKind.ORG, "other kind");
    plane.key(plane.account(), KeyKind.MGP, "other account");

    assertThat(post(action("list")).body()).isEqualTo("{\"keys\":[]}");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"action\":\"generate\"}",
        "{\"action\":\"generate\",\"name\":null}",
        "{\"action\":\"generate\",\"name\":7}",
        "{\"action\":\"generate\",\"name\":[\"x\"]}",
        "{\"action\":\"generate\",\"name\":\"\"}",
        "{\"action\":\"generate\",\"name\":\" \\t\\n \"}",
        "{\"action\":\"generate\",\"name\":\"\\u00a0\\u2003\\ufeff\"}",
        "{\"action\":\"generate\",\"name\":\"a\\u0000b\"}",
        "{\"action\":\"generate\",\"name\":\"lone \\ud800\"}",
        "{\"action\":\"generate\",\"name\":\"lone \\udc00\"}",
        "{\"action\":\"generate\",\"name\":\"\",\"webhook_url\":\"nonsense\"}"
      })
  void nameIsRequired(String body) {
    assertError(send(body), 400, "Key name is required");
  }

  @Test
  void nameIsTrimmedAndCountedInCodePoints() {
    String name = "🔑".repeat(64);

    assertThat(ok(generate("  " + name + " \n")).getString("name")).isEqualTo(name);
    assertError(post(generate(name + "x")), 400, "Key name must be at most 64 characters");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"zażółć", "a\tb", "\"quoted\\", "e\u0301", "\u202eright", "\u0007bell", "'; --"})
  void namesRoundTripUnchanged(String name) {
    assertThat(ok(generate(name)).getString("name")).isEqualTo(name);
    assertThat(only(ok(action("list"))).getString("name")).isEqualTo(name);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\"http://example.com/\"",
        "\"example.com\"",
        "\"ftp://example.com\"",
        "\"https://\"",
        "\"https:///path\"",
        "\"https:example.com\"",
        "\"https://exa mple.com\"",
        "\"https://user:pw@example.com/\"",
        "\"https://example.com:99999/\"",
        "\"https://127.0.0.1/\"",
        "\"https://[::ffff:10.0.0.1]/\"",
        "\"https://example.com/\\u0000\"",
        "\"https://example.com/\\ud800\"",
        "\"javascript:alert(1)\"",
        "\" \"",
        "7",
        "true",
        "{}",
        "[]"
      })
  void urlMustBeHttps(String url) {
    assertError(
        send("{\"action\":\"generate\",\"name\":\"x\",\"webhook_url\":" + url + "}"),
        400,
        INVALID_URL);
    assertError(
        send("{\"action\":\"update\",\"key_id\":\"x\",\"webhook_url\":" + url + "}"),
        400,
        INVALID_URL);
  }

  @Test
  void urlMayHave2048Characters() {
    String longest = "https://example.com/" + "x".repeat(2028);

    assertThat(post(generate("a").put("webhook_url", longest)).statusCode()).isEqualTo(200);
    assertError(post(generate("a").put("webhook_url", longest + "x")), 400, INVALID_URL);
  }

  @Test
  void emptyUrlIsNoUrl() {
    assertThat(ok(generate("a").put("webhook_url", "")).getValue("webhook_secret")).isNull();
    assertThat(ok(generate("b").putNull("webhook_url")).getValue("webhook_secret")).isNull();
  }

  /** The checks run in the order name, URL, cap. */
  @Test
  void eleventhActiveKeyIsRefused() {
    List<String> ids = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      ids.add(ok(generate("key " + i)).getString("id"));
    }

    assertError(post(generate("eleventh")), 400, "Maximum of 10 active API keys allowed");
    assertError(post(generate("")), 400, "Key name is required");
    assertError(post(generate("x").put("webhook_url", "x")), 400, INVALID_URL);
    ok(revoke(ids.get(3)));
    assertThat(post(generate("after a revoke")).statusCode()).isEqualTo(200);
  }

  @Test
  void otherKindsDoNotCountTowardsTheCap() {
    for (int i = 0; i < 10; i++) {
      plane.key(account, KeyKind.MP, "mp " + i);
    }

    assertThat(post(generate("first mgp")).statusCode()).isEqualTo(200);
  }

  @RepeatedTest(3)
  void capHoldsWhenFiftyCreatesRace() {
    for (int i = 0; i < 9; i++) {
      ok(generate("key " + i));
    }

    List<HttpResponse<String>> answers = fifty(generate("racer"));

    assertThat(answers).filteredOn(answer -> answer.statusCode() == 200).hasSize(1);
    assertThat(answers)
        .filteredOn(answer -> answer.statusCode() != 200)
        .hasSize(49)
        .allSatisfy(answer -> assertError(answer, 400, "Maximum of 10 active API keys allowed"));
    assertThat(ok(action("list")).getJsonArray("keys")).hasSize(10);
  }

  @Test
  void updateSetsKeepsAndDropsTheSecret() {
    String id = ok(generate("Hook")).getString("id");

    JsonObject set = ok(update(id, "https://example.com/a"));
    JsonObject moved = ok(update(id, "https://example.com/b"));
    JsonObject cleared = ok(update(id, null));
    JsonObject clearedAgain = ok(update(id, ""));
    JsonObject anew = ok(update(id, "https://example.com/c"));

    assertThat(set.fieldNames())
        .containsExactlyInAnyOrder("success", "webhook_url", "webhook_secret");
    assertThat(set.getBoolean("success")).isTrue();
    assertThat(set.getString("webhook_url")).isEqualTo("https://example.com/a");
    assertThat(moved.getString("webhook_url")).isEqualTo("https://example.com/b");
    assertThat(moved.getString("webhook_secret"))
        .isEqualTo(set.getString("webhook_secret"))
        .matches("whsec_[0-9a-f]{64}");
    assertThat(cleared.encode())
        .isEqualTo("{\"success\":true,\"webhook_url\":null,\"webhook_secret\":null}")
        .isEqualTo(clearedAgain.encode());
    assertThat(anew.getString("webhook_secret"))
        .matches("whsec_[0-9a-f]{64}")
        .isNotEqualTo(set.getString("webhook_secret"));
  }

  @Test
  void updateFindsActiveKeysOfItsOwnOnly() {
    for (String id : keysOutOfReach()) {
      assertError(post(update(id, "https://example.com/")), 404, "API key not found");
    }
  }

  @Test
  void revokeFindsActiveKeysOfItsOwnOnly() {
    for (String id : keysOutOfReach()) {
      assertError(post(revoke(id)), 404, "API key not found or already revoked");
    }
  }

  private List<String> keysOutOfReach() {
    String revoked = ok(generate("revoked")).getString("id");
    ok(revoke(revoked));
    return List.of(
        revoked,
        plane.key(plane.account(), KeyKind.MGP, "not yours").key().id().toString(),
        plane.key(account, KeyKind.MP, "other kind").key().id().toString(),
        plane.key(account, KeyKind.ORG, "other kind").key().id().toString(),
        UUID.randomUUID().toString(),
        "1-1-1-1-1",
        "not a uuid",
        " ",
        "nul \0");
  }

  @ParameterizedTest
  @ValueSource(strings = {"update", "revoke"})
  void keyIdIsRequired(String action) {
    for (Object id : List.of("", 7, true, new JsonObject(), new JsonArray())) {
      assertError(post(action(action).put("key_id", id)), 400, "key_id is required");
    }
    assertError(post(action(action).putNull("key_id")), 400, "key_id is required");
    assertError(post(action(action)), 400, "key_id is required");
  }

  @Test
  void revokedKeyIsRefusedAtOnceAndTheAnswerSaysWhoKnows() {
    JsonObject made = ok(generate("Doomed"));

    HttpResponse<String> answer = post(revoke(made.getString("id")));

    assertThat(answer.body()).isEqualTo("{\"success\":true}");
    assertThat(answer.headers().firstValue("X-Maglatch-Revocation"))
        .hasValue("confirmed=2/3; expired=1; ms=7");
    assertError(post(made.getString("key"), action("list")), 401, "Unauthorized");
  }

  /** An answer that the key is revoked must be as true as the answer of who revoked it. */
  @Test
  void alreadyRevokedWaitsForTheReplicasToo() {
    String id = ok(generate("Doomed")).getString("id");
    ok(revoke(id));
    confirmed.clear();

    HttpResponse<String> again = post(revoke(id));
    HttpResponse<String> unknown = post(revoke(UUID.randomUUID().toString()));

    assertThat(again.statusCode()).isEqualTo(404);
    assertThat(again.headers().firstValue("X-Maglatch-Revocation")).isPresent();
    assertThat(unknown.headers().firstValue("X-Maglatch-Revocation")).isEmpty();
    assertThat(confirmed).containsExactly(UUID.fromString(id));
  }

  @Test
  void keyMayRevokeItself() {
    JsonObject made = ok(generate("Own end"));
    JsonObject revoke = revoke(made.getString("id"));

    assertThat(post(made.getString("key"), revoke).statusCode()).isEqualTo(200);
    assertError(post(made.getString("key"), revoke), 401, "Unauthorized");
  }

  @RepeatedTest(3)
  void ofManyRevokesOneWins() {
    String id = ok(generate("Wanted")).getString("id");

    List<HttpResponse<String>> answers = fifty(revoke(id));

    assertThat(answers).filteredOn(answer -> answer.statusCode() == 200).hasSize(1);
    assertThat(answers)
        .filteredOn(answer -> answer.statusCode() != 200)
        .hasSize(49)
        .allSatisfy(answer -> assertError(answer, 404, "API key not found or already revoked"));
    assertThat(audit(id)).containsExactly("api_key.created", "api_key.revoked");
  }

  @Test
  void everyChangeLeavesWhoDidItAndByWhat() {
    JsonObject made = ok(generate("Audited"));
    String id = made.getString("id");
    post(made.getString("key"), update(id, "https://example.com/secret-path"));
    ok(revoke(id));

    String columns = "action, actor, credential, address, entity, organization_id";
    assertThat(plane.rows("SELECT " + columns + " FROM audit" + of(id)))
        .containsExactly(
            "api_key.created|" + by("session"),
            "api_key.updated|" + by("key:" + id),
            "api_key.revoked|" + by("session"));
    assertThat(plane.rows("SELECT detail::text FROM audit" + of(id)).toString())
        .contains("\"name\": \"Audited\"")
        .doesNotContain("secret-path");
  }

  private String by(String credential) {
    return account.id() + "|" + credential + "|127.0.0.1|api_key|" + account.organizationId();
  }

  @Test
  void refusedChangeLeavesNoAuditRow() {
    String id = ok(generate("One")).getString("id");
    ok(revoke(id));

    post(revoke(id));
    post(update(id, "https://example.com/"));

    assertThat(audit(id)).containsExactly("api_key.created", "api_key.revoked");
  }

  private static List<String> audit(String id) {
    return plane.rows("SELECT action FROM audit" + of(id));
  }

  private static String of(String id) {
    return " WHERE entity_id = '" + id + "' ORDER BY id";
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "nonsense",
        "null",
        "[]",
        "[{\"action\":\"list\"}]",
        "\"list\"",
        "{}",
        "{\"action\":7}",
        "{\"action\":null}",
        "{\"action\":\"List\"}",
        "{\"action\":\"delete\"}",
        "{\"action\":\"list\"} x",
        "{\"action\":\"list\",\"action\":\"list\"}",
        "{\"action\":\"list\\u0000\"}",
        "{\"action\":\"\\ud800\"}",
        "{\"action\":\"list\""
      })
  void anythingElseIsAnInvalidAction(String body) {
    assertError(send(body), 400, INVALID_ACTION);
  }

  @Test
  void deepBodyIsAnInvalidAction() {
    assertError(send("{\"action\":\"list\",\"x\":" + "[".repeat(20_000)), 400, INVALID_ACTION);
  }

  @ParameterizedTest
  @ValueSource(strings = {"text/plain", "application/x-www-form-urlencoded", "junk", "text/xml"})
  void bodyIsReadWhateverItsContentType(String type) {
    HttpResponse<String> answer =
        server.send(
            "POST",
            PATH,
            "{\"action\":\"list\"}",
            "Authorization",
            "Bearer " + session,
            "Content-Type",
            type);

    assertThat(answer.statusCode()).isEqualTo(200);
  }

  @Test
  void withoutAGoodCredentialTheAnswerIsUnauthorized() {
    String wrongKind = plane.key(account, KeyKind.MP, "mp").token().reveal();
    String organizationKey = plane.key(account, KeyKind.ORG, "org").token().reveal();
    String forged = "mgp_" + "0".repeat(40);

    for (String token : List.of(wrongKind, organizationKey, forged, "junk", "eyJ.no.session")) {
      HttpResponse<String> answer = post(token, action("list"));
      assertError(answer, 401, "Unauthorized");
      assertThat(answer.headers().firstValue("WWW-Authenticate"))
          .hasValue("Bearer realm=\"maglatch\", error=\"invalid_token\"");
    }
    HttpResponse<String> missing = server.send("POST", PATH, "{\"action\":\"list\"}");
    assertError(missing, 401, "Unauthorized");
    assertThat(missing.headers().firstValue("WWW-Authenticate"))
        .hasValue("Bearer realm=\"maglatch\"");
  }

  @Test
  void refusedCredentialIsNoUse() {
    IssuedKey wrongKind = plane.key(account, KeyKind.MP, "mp");

    post(wrongKind.token().reveal(), action("list"));

    assertThat(server.used()).doesNotContain(wrongKind.key().id());
  }

  @Test
  void sessionOfAnAccountThatWasDisabledMakesNothing() {
    plane
        .server()
        .execute("UPDATE accounts SET disabled_at = now() WHERE id = '" + account.id() + "'");

    assertError(post(generate("x")), 401, "Unauthorized");
  }

  @Test
  void undecidedIs503() {
    try (ApiServer undecided =
        ApiServer.start(
            plane.vertx(),
            MagpipeRoutes.endpoints("/m", new FakeCredentials(), plane.keys(), URLS::accepts))) {
      HttpResponse<String> answer =
          undecided.post("/m/manage-api-keys", FakeCredentials.UNDECIDED, action("list"));

      assertError(answer, 503, "Service unavailable");
      assertThat(answer.headers().firstValue("Retry-After")).isPresent();
    }
  }

  @Test
  void accountLockedTooLongIs503AndNothingIsMade() throws SQLException {
    try (Connection holder = plane.server().connect()) {
      holder.setAutoCommit(false);
      holder
          .createStatement()
          .execute("SELECT id FROM accounts WHERE id = '" + account.id() + "' FOR UPDATE");

      assertError(post(generate("waits")), 503, "Service unavailable");
    }
    assertThat(ok(action("list")).getJsonArray("keys")).isEmpty();
  }

  @Test
  void otherMethodsAndLargeBodiesAreRefusedFlat() {
    HttpResponse<String> get = server.send("GET", PATH, null);
    assertError(get, 405, "Method not allowed");
    assertThat(get.headers().firstValue("Allow")).hasValue("OPTIONS, POST");
    assertError(send("x".repeat(1_000_000)), 413, "Request body too large");
  }

  @Test
  void preflightIsOk() {
    HttpResponse<String> answer = server.send("OPTIONS", PATH, null);

    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.body()).isEqualTo("ok");
    assertThat(answer.headers().firstValue("Access-Control-Allow-Origin")).hasValue("*");
    assertThat(answer.headers().firstValue("Access-Control-Allow-Headers"))
        .hasValue("authorization, x-client-info, apikey, content-type");
    assertThat(post(action("list")).headers().firstValue("Access-Control-Allow-Origin"))
        .hasValue("*");
  }

  private List<HttpResponse<String>> fifty(JsonObject body) {
    List<CompletableFuture<HttpResponse<String>>> all = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      all.add(server.sendLater("POST", PATH, body.encode(), "Authorization", "Bearer " + session));
    }
    return all.stream().map(CompletableFuture::join).toList();
  }

  private static JsonObject action(String action) {
    return new JsonObject().put("action", action);
  }

  private static JsonObject generate(String name) {
    return action("generate").put("name", name);
  }

  private static JsonObject revoke(String id) {
    return action("revoke").put("key_id", id);
  }

  private static JsonObject update(String id, @Nullable String url) {
    return action("update").put("key_id", id).put("webhook_url", url);
  }

  private HttpResponse<String> send(String body) {
    return server.send("POST", PATH, body, "Authorization", "Bearer " + session);
  }

  private HttpResponse<String> post(JsonObject body) {
    return post(session, body);
  }

  private static HttpResponse<String> post(String token, JsonObject body) {
    return server.post(PATH, token, body);
  }

  private JsonObject ok(JsonObject body) {
    HttpResponse<String> answer = post(body);
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    return new JsonObject(answer.body());
  }

  private static JsonObject only(JsonObject list) {
    assertThat(list.fieldNames()).containsExactly("keys");
    assertThat(list.getJsonArray("keys")).hasSize(1);
    return list.getJsonArray("keys").getJsonObject(0);
  }

  private static void assertError(HttpResponse<String> answer, int status, String text) {
    assertThat(answer.body()).isEqualTo(new JsonObject().put("error", text).encode());
    assertThat(answer.statusCode()).isEqualTo(status);
  }
}
