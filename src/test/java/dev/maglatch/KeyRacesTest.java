// SPDX-License-Identifier: Apache-2.0
package dev.maglatch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.maglatch.postgres.TestDatabase;
import io.vertx.core.json.JsonObject;
import java.net.http.HttpResponse;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;

/**
 * Changes of one account's keys that race, in a whole gateway over sockets: what was answered, what
 * the database holds afterwards, and what the keys still open. An account serves all rounds of a
 * race; who is sent first alternates.
 */
class KeyRacesTest {
  private static final int ROUNDS = 20;
  private static final int RACERS = 50;
  private static final String MAGPIPE = "/functions/v1/manage-api-keys";
  private static final String PASSWORD = "correct horse battery";
  private static final String REVOCATION = "X-Maglatch-Revocation";
  private static final AtomicInteger NAMES = new AtomicInteger();

  private static TestDatabase database;
  private static EchoUpstream upstream;
  private static TestGateway gateway;
  private static String session;
  private static String cookie;

  /** One request of a race. */
  private record Racer(
      String method, String path, @Nullable String body, Map<String, String> headers) {
    CompletableFuture<HttpResponse<String>> start() {
      String[] pairs =
          headers.entrySet().stream()
              .flatMap(header -> Stream.of(header.getKey(), header.getValue()))
              .toArray(String[]::new);
      return gateway.sendLater(method, path, body, pairs);
    }
  }

  @BeforeAll
  static void start() {
    database = TestDatabase.create();
    upstream = new EchoUpstream();
    gateway =
        TestGateway.begin(
                database.address(),
                upstream.url(),
                Map.of(
                    "MAGLATCH_SESSIONS_SIGNUP", "true", "MAGLATCH_LIMITS_ORGANIZATION_KEYS", "10"))
            .awaitReady();
    String credentials =
        new JsonObject().put("email", "racer@example.com").put("password", PASSWORD).encode();
    JsonObject signedUp = new JsonObject(gateway.post("/auth/v1/signup", credentials).body());
    session = signedUp.getString("access_token");
    cookie =
        gateway
            .post("/auth/v1/session", credentials, "Content-Type", "application/json")
            .headers()
            .firstValue("Set-Cookie")
            .orElseThrow()
            .split(";", -1)[0];
  }

  @AfterAll
  static void stop() {
    gateway.close();
    upstream.close();
    database.close();
  }

  @AfterEach
  void makeRoom() {
    database.execute("UPDATE api_keys SET revoked_at = now() WHERE revoked_at IS NULL");
  }

  /** At nine of ten keys, one of fifty creates makes the tenth, and the others make nothing. */
  @RepeatedTest(ROUNDS)
  void oneOfFiftyMagpipeCreatesIsTheTenth() {
    Racer create = magpipe(new JsonObject().put("action", "generate").put("name", name()));

    tenthIsMadeOnce(create, 200, 400, "Maximum of 10 active API keys allowed", "mgp");
  }

  @RepeatedTest(ROUNDS)
  void oneOfFiftyMagicPostCreatesIsTheTenth() {
    Racer create =
        magicPost("POST", "/api/v1/api-keys", new JsonObject().put("name", name()).encode());

    tenthIsMadeOnce(create, 201, 400, "key_limit_reached", "mp");
  }

  /** The cap of {@code limits.organization-keys} is one for the whole organization. */
  @RepeatedTest(ROUNDS)
  void oneOfFiftyOrganizationCreatesIsTheTenth() {
    Racer create =
        organization("POST", "/v1/api-keys", new JsonObject().put("name", name()).encode());

    tenthIsMadeOnce(create, 200, 400, "10", "org");
  }

  private static void tenthIsMadeOnce(
      Racer create, int made, int refused, String why, String kind) {
    long before = count("api_keys");
    long auditBefore = count("audit");
    for (int i = 0; i < 9; i++) {
      assertThat(create.start().join().statusCode()).isEqualTo(made);
    }

    List<HttpResponse<String>> answers = race(Collections.nCopies(RACERS, create));

    assertThat(answers).filteredOn(answer -> answer.statusCode() == made).hasSize(1);
    assertThat(answers)
        .filteredOn(answer -> answer.statusCode() != made)
        .hasSize(RACERS - 1)
        .allSatisfy(
            answer -> {
              assertThat(answer.statusCode()).as(answer.body()).isEqualTo(refused);
              assertThat(answer.body()).contains(why);
            });
    assertThat(
            database.count(
                "SELECT count(*) FROM api_keys WHERE revoked_at IS NULL AND kind = '%s'"
                    .formatted(kind)))
        .isEqualTo(10);
    assertThat(count("api_keys") - before).isEqualTo(10);
    assertThat(count("audit") - auditBefore).isEqualTo(10);
  }

  /** Of two revokes one is answered 200, the other 404; both are true when they are answered. */
  @RepeatedTest(ROUNDS)
  void magpipeKeyIsRevokedOnce(RepetitionInfo round) {
    Key key = magpipeKey();
    Racer revoke = magpipe(new JsonObject().put("action", "revoke").put("key_id", key.id()));

    revokedOnce(key, inTurn(round, revoke, revoke));
  }

  @RepeatedTest(ROUNDS)
  void magicPostKeyIsRevokedOnce(RepetitionInfo round) {
    Racer create = magicPost("POST", "/api/v1/api-keys", "{}");
    JsonObject made = new JsonObject(create.start().join().body());
    Key key = new Key(made.getJsonObject("key").getString("id"), made.getString("token"));
    Racer revoke = magicPost("DELETE", "/api/v1/api-keys/" + key.id(), null);

    revokedOnce(key, inTurn(round, revoke, revoke));
  }

  /** By its id and by its leaked token is the same revocation. */
  @RepeatedTest(ROUNDS)
  void organizationKeyIsRevokedOnce(RepetitionInfo round) {
    Key key = organizationKey();
    String token = new JsonObject().put("token", key.token()).encode();

    revokedOnce(
        key, inTurn(round, revoke(key), organization("POST", "/v1/api-keys/revoke", token)));
  }

  private static void revokedOnce(Key key, List<Racer> racers) {
    List<HttpResponse<String>> answers = race(racers);

    assertThat(answers).extracting(HttpResponse::statusCode).containsExactlyInAnyOrder(200, 404);
    assertThat(answers)
        .allSatisfy(answer -> assertThat(answer.headers().firstValue(REVOCATION)).isPresent());
    assertThat(audit(key)).containsExactly("api_key.created", "api_key.revoked");
    assertThat(isRevoked(key)).isTrue();
    assertThat(opens(key)).isFalse();
  }

  /**
   * A revoke always wins in the end. A change is either made before it, is answered 200 and is seen
   * in the row, or comes too late, is answered 404 and has changed nothing. It is never made after
   * the revoke, and never brings a key back.
   */
  @RepeatedTest(ROUNDS)
  void revokeAgainstPatch(RepetitionInfo round) {
    Key key = organizationKey();
    JsonObject change =
        new JsonObject().put("name", "changed").put("scope", "read-write").putNull("expiresAt");
    Racer patch = organization("PATCH", "/v1/api-keys/" + key.id(), change.encode());

    boolean changed = changedBeforeRevoke(key, revoke(key), patch, round);

    assertThat(row("SELECT name, scope FROM api_keys", key))
        .isEqualTo(changed ? "changed|read-write" : "racer|read");
  }

  /** The same for the webhook URL, whose secret is there if and only if the URL is. */
  @RepeatedTest(ROUNDS)
  void revokeAgainstMagpipeUpdate(RepetitionInfo round) {
    Key key = magpipeKey();
    Racer revoke = magpipe(new JsonObject().put("action", "revoke").put("key_id", key.id()));
    Racer update =
        magpipe(
            new JsonObject()
                .put("action", "update")
                .put("key_id", key.id())
                .put("webhook_url", "https://example.com/in"));

    boolean changed = changedBeforeRevoke(key, revoke, update, round);

    assertThat(row("SELECT webhook_url IS NOT NULL, webhook_secret IS NOT NULL FROM api_keys", key))
        .isEqualTo(changed ? "t|t" : "f|f");
  }

  private static boolean changedBeforeRevoke(
      Key key, Racer revoke, Racer change, RepetitionInfo round) {
    List<HttpResponse<String>> answers = raceTwo(round, revoke, change);

    int changed = answers.get(1).statusCode();
    assertThat(answers.get(0).statusCode()).as(answers.get(0).body()).isEqualTo(200);
    assertThat(changed).isIn(200, 404);
    assertThat(audit(key))
        .isEqualTo(
            changed == 200
                ? List.of("api_key.created", "api_key.updated", "api_key.revoked")
                : List.of("api_key.created", "api_key.revoked"));
    assertThat(isRevoked(key)).isTrue();
    assertThat(opens(key)).isFalse();
    return changed == 200;
  }

  /**
   * Whoever comes first wins, and the other is answered 404: a key whose revoke answered 200 has no
   * successor, in no answer and in no row, and a key that was rotated was not revoked by hand. The
   * old token opens nothing in either case.
   */
  @RepeatedTest(ROUNDS)
  void rotateAgainstRevoke(RepetitionInfo round) {
    Key old = organizationKey();
    List<HttpResponse<String>> answers =
        raceTwo(round, revoke(old), organization("POST", rotation(old), "{}"));

    boolean rotated = answers.get(1).statusCode() == 200;
    assertThat(answers)
        .extracting(HttpResponse::statusCode)
        .containsExactly(rotated ? 404 : 200, rotated ? 200 : 404);
    assertThat(audit(old))
        .containsExactly("api_key.created", rotated ? "api_key.rotated" : "api_key.revoked");
    assertThat(isRevoked(old)).isTrue();
    assertThat(opens(old)).isFalse();
    hasSuccessor(old, answers.get(1), rotated);
  }

  /**
   * With a grace period the revoke always wins over the old key: it ends at once, before or after
   * the rotation. A rotation that came first leaves its successor, one that came too late is 404
   * and leaves none.
   */
  @RepeatedTest(ROUNDS)
  void rotateWithGraceAgainstRevoke(RepetitionInfo round) {
    Key old = organizationKey();
    List<HttpResponse<String>> answers =
        raceTwo(
            round,
            revoke(old),
            organization("POST", rotation(old), "{\"gracePeriodSeconds\":3600}"));

    boolean rotated = answers.get(1).statusCode() == 200;
    assertThat(answers.get(0).statusCode()).as(answers.get(0).body()).isEqualTo(200);
    assertThat(answers.get(1).statusCode()).isIn(200, 404);
    assertThat(audit(old))
        .isEqualTo(
            rotated
                ? List.of("api_key.created", "api_key.rotated", "api_key.revoked")
                : List.of("api_key.created", "api_key.revoked"));
    assertThat(isRevoked(old)).isTrue();
    assertThat(opens(old)).isFalse();
    hasSuccessor(old, answers.get(1), rotated);
  }

  private static void hasSuccessor(Key old, HttpResponse<String> rotation, boolean rotated) {
    String active = "SELECT count(*) FROM api_keys WHERE revoked_at IS NULL AND kind = 'org'";
    assertThat(database.count(active)).isEqualTo(rotated ? 1 : 0);
    if (rotated) {
      JsonObject next = new JsonObject(rotation.body()).getJsonObject("data");
      Key successor = new Key(next.getString("id"), next.getString("key"));
      assertThat(row("SELECT successor_id FROM api_keys", old)).isEqualTo(successor.id());
      assertThat(audit(successor)).containsExactly("api_key.created");
      assertThat(opens(successor)).isTrue();
    } else {
      assertThat(row("SELECT successor_id FROM api_keys", old)).isEqualTo("null");
      assertThat(rotation.body()).doesNotContain("mgp_");
    }
  }

  /** Of two rotations one makes the one successor there is. */
  @RepeatedTest(ROUNDS)
  void rotateAgainstRotate() {
    Key old = organizationKey();
    Racer rotate = organization("POST", rotation(old), "{}");

    List<HttpResponse<String>> answers = race(List.of(rotate, rotate));

    assertThat(answers).extracting(HttpResponse::statusCode).containsExactlyInAnyOrder(200, 404);
    assertThat(audit(old)).containsExactly("api_key.created", "api_key.rotated");
    assertThat(opens(old)).isFalse();
    answers.stream()
        .filter(answer -> answer.statusCode() == 200)
        .forEach(answer -> hasSuccessor(old, answer, true));
  }

  private record Key(String id, String token) {}

  private static Key magpipeKey() {
    Racer create = magpipe(new JsonObject().put("action", "generate").put("name", "racer"));
    JsonObject made = new JsonObject(create.start().join().body());
    return used(new Key(made.getString("id"), made.getString("key")));
  }

  private static Key organizationKey() {
    Racer create = organization("POST", "/v1/api-keys", "{\"name\":\"racer\"}");
    JsonObject made = new JsonObject(create.start().join().body()).getJsonObject("data");
    return used(new Key(made.getString("id"), made.getString("key")));
  }

  /** A key that the gateway has in its cache, as one that is in use would be. */
  private static Key used(Key key) {
    assertThat(opens(key)).isTrue();
    return key;
  }

  private static boolean opens(Key key) {
    return gateway.get("/", "Authorization", "Bearer " + key.token()).statusCode() == 200;
  }

  private static String rotation(Key key) {
    return "/v1/api-keys/" + key.id() + "/rotate";
  }

  private static Racer revoke(Key key) {
    return organization("DELETE", "/v1/api-keys/" + key.id(), null);
  }

  private static Racer magpipe(JsonObject body) {
    return new Racer("POST", MAGPIPE, body.encode(), Map.of("Authorization", "Bearer " + session));
  }

  private static Racer organization(String method, String path, @Nullable String body) {
    return new Racer(method, path, body, Map.of("Authorization", "Bearer " + session));
  }

  private static Racer magicPost(String method, String path, @Nullable String body) {
    return new Racer(
        method, path, body, Map.of("Cookie", cookie, "Content-Type", "application/json"));
  }

  private static String name() {
    return "racer " + NAMES.incrementAndGet();
  }

  /** Sends the first one first in every second round; the answers come in the order given. */
  private static List<HttpResponse<String>> raceTwo(RepetitionInfo round, Racer one, Racer two) {
    List<HttpResponse<String>> answers = race(inTurn(round, one, two));
    return round.getCurrentRepetition() % 2 == 0
        ? answers
        : List.of(answers.get(1), answers.get(0));
  }

  private static List<Racer> inTurn(RepetitionInfo round, Racer one, Racer two) {
    return round.getCurrentRepetition() % 2 == 0 ? List.of(one, two) : List.of(two, one);
  }

  private static List<HttpResponse<String>> race(List<Racer> racers) {
    List<CompletableFuture<HttpResponse<String>>> all = new ArrayList<>();
    racers.forEach(racer -> all.add(racer.start()));
    return all.stream().map(CompletableFuture::join).toList();
  }

  private static long count(String table) {
    return database.count("SELECT count(*) FROM " + table);
  }

  private static boolean isRevoked(Key key) {
    return row("SELECT revoked_at IS NOT NULL FROM api_keys", key).equals("t");
  }

  private static List<String> audit(Key key) {
    return rows("SELECT action FROM audit WHERE entity_id = '" + key.id() + "' ORDER BY id");
  }

  private static String row(String select, Key key) {
    return rows(select + " WHERE id = '" + key.id() + "'").get(0);
  }

  private static List<String> rows(String sql) {
    try (Connection connection = database.connect();
        ResultSet found = connection.createStatement().executeQuery(sql)) {
      List<String> rows = new ArrayList<>();
      while (found.next()) {
        List<String> columns = new ArrayList<>();
        for (int i = 1; i <= found.getMetaData().getColumnCount(); i++) {
          columns.add(String.valueOf(found.getString(i)));
        }
        rows.add(String.join("|", columns));
      }
      return rows;
    } catch (SQLException failed) {
      throw new AssertionError(failed);
    }
  }
}
