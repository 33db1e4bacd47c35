// SPDX-License-Identifier: Apache-2.0
package dev.maglatch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.maglatch.postgres.ServerRelay;
import dev.maglatch.postgres.TestDatabase;
import io.vertx.core.json.JsonObject;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Rule 8: open streams of a credential that is good no longer end within a second, on the replica
 * that ended it and on the other.
 */
class StreamsTest {
  private static final Duration WITHIN = Duration.ofSeconds(4); // 1, and 3 for a busy machine

  /** One probe that is late, one that is answered, and a lookup on a connection that is dead. */
  private static final Duration AFTER_A_LOSS = Duration.ofSeconds(6);

  private static final List<String> ENDED =
      List.of("1008 Unauthorized", "1008 Unauthorized", "broken off", "broken off", "401");
  private static final String OWNER =
      "{\"email\":\"owner@example.com\",\"password\":\"correct horse battery\"}";

  private static TestDatabase database;
  private static StreamingUpstream upstream;
  private static TestGateway one;
  private static TestGateway two;
  private static String owner;
  private String session = "";

  @BeforeAll
  static void start() {
    database = TestDatabase.create();
    upstream = new StreamingUpstream();
    Map<String, String> signUp = Map.of("MAGLATCH_SESSIONS_SIGNUP", "true");
    one = TestGateway.begin(database.address(), upstream.url(), signUp).awaitReady();
    two = TestGateway.begin(database.address(), upstream.url(), signUp).awaitReady();
    owner = new JsonObject(one.post("/auth/v1/signup", OWNER).body()).getString("access_token");
  }

  @AfterAll
  static void stop() {
    one.close();
    two.close();
    upstream.close();
    database.close();
  }

  @BeforeEach
  void signIn() {
    HttpResponse<String> answer = one.post("/auth/v1/token?grant_type=password", OWNER);
    session = new JsonObject(answer.body()).getString("access_token");
  }

  /** What was cut here is cut at the origin too. */
  @AfterEach
  void upstreamIsLeftAlone() {
    await().atMost(Duration.ofSeconds(5)).until(() -> upstream.open() == 0);
  }

  @Test
  void revokedKey() {
    JsonObject key = key("{\"name\":\"k\",\"scope\":\"read-write\"}");
    allEnd(
        key.getString("key"),
        () -> {
          HttpResponse<String> answer =
              two.delete("/v1/api-keys/" + key.getString("id"), "Authorization", bearer(owner));
          assertThat(answer.statusCode()).isEqualTo(200);
          assertThat(answer.headers().firstValue("X-Maglatch-Revocation").orElseThrow())
              .startsWith("confirmed=2/2");
        });
    assertThat(one.ops("/metrics").body())
        .containsPattern("maglatch_streams_lapsed_total\\{reason=\"revoked\"} [1-9]");
  }

  @Test
  void keyRevokedByHand() {
    JsonObject key = key("{\"name\":\"k\",\"scope\":\"read-write\"}");
    allEnd(
        key.getString("key"),
        () ->
            database.execute(
                "UPDATE api_keys SET revoked_at = now() WHERE id = '" + key.getString("id") + "'"));
  }

  @Test
  void deletedKey() {
    JsonObject key = key("{\"name\":\"k\",\"scope\":\"read-write\"}");
    allEnd(
        key.getString("key"),
        () -> database.execute("DELETE FROM api_keys WHERE id = '" + key.getString("id") + "'"));
  }

  @Test
  void keyOfADisabledServiceAccount() {
    String robot =
        data(post("/v1/service-accounts", "{\"name\":\"r\",\"permissions\":[]}")).getString("id");
    JsonObject key =
        key("{\"name\":\"k\",\"scope\":\"read-write\",\"serviceAccountId\":\"" + robot + "\"}");
    allEnd(
        key.getString("key"), () -> data(post("/v1/service-accounts/" + robot + "/disable", "")));
  }

  /** Nothing is written and nothing notified when time passes. */
  @Test
  void expiredKey() {
    Instant expiry = Instant.now().plusMillis(2_500);
    JsonObject key =
        key(
            new JsonObject()
                .put("name", "k")
                .put("scope", "read-write")
                .put("expiresAt", expiry.toString())
                .encode());
    allEnd(
        key.getString("key"),
        () ->
            await().pollInterval(Duration.ofMillis(5)).until(() -> Instant.now().isAfter(expiry)));
  }

  @Test
  void sessionThatWasLoggedOut() {
    allEnd(
        session,
        () ->
            assertThat(
                    one.post("/auth/v1/logout", "", "Authorization", bearer(session)).statusCode())
                .isEqualTo(204));
  }

  /** A change that leaves the key good must not cost its streams. */
  @Test
  void streamsOfAKeyThatWasRenamedGoOn() {
    JsonObject key = key("{\"name\":\"k\",\"scope\":\"read-write\"}");
    try (OpenStreams streams = OpenStreams.through(one, key.getString("key"))) {
      database.execute(
          "UPDATE api_keys SET name = 'other' WHERE id = '" + key.getString("id") + "'");
      await().during(Duration.ofMillis(1_500)).until(streams::allOpen);
    }
  }

  /** A read-only key may go on reading, and not writing. */
  @Test
  void narrowedKeyLosesItsUploadsAlone() {
    JsonObject key = key("{\"name\":\"k\",\"scope\":\"read-write\"}");
    try (OpenStreams streams = OpenStreams.through(one, key.getString("key"))) {
      database.execute(
          "UPDATE api_keys SET scope = 'read' WHERE id = '" + key.getString("id") + "'");
      assertThat(streams.awaitUploadsEnd(WITHIN)).isEqualTo("403");
      assertThat(streams.answersOpen()).isTrue();
    }
  }

  /** Rule 7: what was good goes on without the database, and is looked at again when it is back. */
  @Test
  void lostDatabaseEndsNoStreamAndItsReturnEndsWhatWasRevokedMeanwhile() {
    JsonObject good = key("{\"name\":\"k\",\"scope\":\"read-write\"}");
    JsonObject revoked = key("{\"name\":\"k\",\"scope\":\"read-write\"}");
    try (ServerRelay relay = ServerRelay.before(database.address());
        TestGateway gateway = TestGateway.begin(relay.address(), upstream.url(), Map.of())) {
      gateway.awaitReady();
      try (OpenStreams one = OpenStreams.through(gateway, good.getString("key"));
          OpenStreams other = OpenStreams.through(gateway, revoked.getString("key"))) {
        relay.stall();
        await().until(() -> gateway.ops("/readyz").body().contains("degraded"));
        database.execute(
            "UPDATE api_keys SET revoked_at = now() WHERE id = '" + revoked.getString("id") + "'");
        await().during(Duration.ofSeconds(1)).until(() -> one.allOpen() && other.allOpen());

        relay.flow();

        assertThat(other.awaitEnds(AFTER_A_LOSS)).isEqualTo(ENDED);
        assertThat(one.allOpen()).isTrue();
      }
    }
  }

  private static void allEnd(String token, Runnable end) {
    try (OpenStreams here = OpenStreams.through(one, token);
        OpenStreams there = OpenStreams.through(two, token)) {
      end.run();
      long ended = System.nanoTime();
      assertThat(here.awaitEnds(WITHIN)).isEqualTo(ENDED);
      Duration spent = Duration.ofNanos(System.nanoTime() - ended);
      assertThat(there.awaitEnds(WITHIN.minus(spent))).isEqualTo(ENDED);
    }
  }

  private static JsonObject key(String body) {
    return data(post("/v1/api-keys", body));
  }

  private static HttpResponse<String> post(String path, String body) {
    return one.post(path, body, "Authorization", bearer(owner));
  }

  private static JsonObject data(HttpResponse<String> answer) {
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    return new JsonObject(answer.body()).getJsonObject("data");
  }

  private static String bearer(String token) {
    return "Bearer " + token;
  }
}
