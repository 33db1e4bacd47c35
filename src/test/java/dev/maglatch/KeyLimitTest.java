// SPDX-License-Identifier: Apache-2.0
package dev.maglatch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.maglatch.key.KeyKind;
import dev.maglatch.postgres.TestDatabase;
import io.vertx.core.json.JsonObject;
import java.net.http.HttpResponse;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Keys that may be used so often and no oftener, in whole gateways. */
class KeyLimitTest {
  private static final String POLICY = "\"key\";q=2;w=3600";
  private static final String SPENT = "\"key\";r=0;t=\\d+";
  private static final String NOTICES =
      "SELECT count(*) FROM webhook_notices WHERE event = 'api_key.limit_reached'";
  private static final String HINT = "Too many requests. Wait for Retry-After seconds.";

  private static TestDatabase database;
  private static EchoUpstream upstream;
  private static TestGateway gateway;

  @BeforeAll
  static void start() {
    database = TestDatabase.create();
    upstream = new EchoUpstream();
    gateway = TestGateway.begin(database.address(), upstream.url(), Map.of()).awaitReady();
  }

  @AfterAll
  static void stop() {
    gateway.close();
    upstream.close();
    database.close();
  }

  /** Returns a key that may be used {@code limit} times an hour. */
  private static String key(TestGateway at, TestDatabase database, KeyKind kind, int limit) {
    Tenant tenant = Tenant.in(database.address());
    String token = tenant.key(at.config(), kind);
    database.execute(
        "UPDATE api_keys SET rate_limit = "
            + limit
            + ", rate_limit_window = 3600 WHERE created_by = '"
            + tenant.account()
            + "'");
    return token;
  }

  private static HttpResponse<String> get(TestGateway from, String path, String token) {
    return from.get(path, "Authorization", "Bearer " + token);
  }

  private static String header(HttpResponse<String> answer, String name) {
    return answer.headers().allValues(name).toString().replaceAll("^\\[|]$", "");
  }

  /** Spends a limit of two on {@code path} and returns the answer to the third request. */
  private static HttpResponse<String> third(String path, String token) {
    HttpResponse<String> first = get(gateway, path, token);
    assertThat(first.statusCode()).isEqualTo(200);
    assertThat(header(first, "RateLimit")).matches("\"key\";r=1;t=\\d+");
    assertThat(header(first, "RateLimit-Policy")).isEqualTo(POLICY);
    assertThat(header(first, "Retry-After")).isEmpty();
    HttpResponse<String> second = get(gateway, path, token);
    assertThat(second.statusCode()).isEqualTo(200);
    assertThat(header(second, "RateLimit")).matches(SPENT);
    return get(gateway, path, token);
  }

  private static JsonObject refused(HttpResponse<String> answer) {
    assertThat(answer.statusCode()).isEqualTo(429);
    assertThat(header(answer, "RateLimit")).matches(SPENT);
    assertThat(header(answer, "RateLimit-Policy")).isEqualTo(POLICY);
    assertThat(Integer.parseInt(header(answer, "Retry-After"))).isBetween(3_000, 3_600);
    return new JsonObject(answer.body());
  }

  @Test
  void proxiedRequestsAreRefusedInTheShapeOfTheDialect() {
    String token = key(gateway, database, KeyKind.MGP, 2);

    JsonObject magpipe = refused(third("/orders", token));
    JsonObject magicPost = refused(get(gateway, "/api/v1/elsewhere", token));
    JsonObject envelope = refused(get(gateway, "/v1/elsewhere", token));

    assertThat(magpipe.getJsonObject("error").getString("code")).isEqualTo("rate_limited");
    assertThat(magicPost.fieldNames())
        .containsExactlyInAnyOrder("error", "error_type", "current_count", "limit", "hint");
    assertThat(magicPost.getString("error_type")).isEqualTo("rate_limited");
    assertThat(magicPost.getInteger("current_count")).isEqualTo(2);
    assertThat(magicPost.getInteger("limit")).isEqualTo(2);
    assertThat(magicPost.getString("hint")).isEqualTo(HINT);
    assertThat(envelope.getInteger("code")).isEqualTo(429);
    assertThat(gateway.ops("/metrics").body())
        .containsPattern("maglatch_decisions_total\\{[^}]*\"limited\"[^}]*} [1-9]");
  }

  @Test
  void ownRoutesAndForwardAuthSpendTheSameAllowance() {
    JsonObject whoAmI = refused(third("/v1/whoami", key(gateway, database, KeyKind.ORG, 2)));
    assertThat(whoAmI.getInteger("code")).isEqualTo(429);
    assertThat(whoAmI.getString("requestId")).isNotEmpty();

    String magicPost = key(gateway, database, KeyKind.MP, 2);
    JsonObject verify = refused(third("/api/v1/auth/verify", magicPost));
    assertThat(verify.getInteger("limit")).isEqualTo(2);
    assertThat(verify.getInteger("current_count")).isEqualTo(2);
    refused(get(gateway, "/_maglatch/forward-auth", magicPost));

    String magpipe = key(gateway, database, KeyKind.MGP, 2);
    refused(third("/_maglatch/forward-auth", magpipe));
    HttpResponse<String> manage =
        gateway.post(
            "/functions/v1/manage-api-keys",
            "{\"action\":\"list\"}",
            "Authorization",
            "Bearer " + magpipe);
    assertThat(refused(manage).getString("error")).isEqualTo("Too many requests");
  }

  @Test
  void keyWithoutALimitCarriesNoFields() {
    String token = Tenant.in(database.address()).key(gateway.config());
    for (int i = 0; i < 10; i++) {
      HttpResponse<String> answer = get(gateway, "/orders", token);
      assertThat(answer.statusCode()).isEqualTo(200);
      assertThat(answer.headers().map()).doesNotContainKeys("ratelimit", "ratelimit-policy");
    }
  }

  /** What was refused was no use: the upstream sees nothing, and the agent of it is not noted. */
  @Test
  void refusedRequestMovesNothing() {
    String token = key(gateway, database, KeyKind.MGP, 2);
    refused(third("/orders", token));
    String uses =
        "SELECT count(*) FROM key_usage u JOIN api_keys k ON k.id = u.key_id WHERE k.key_prefix = '"
            + token.substring(0, 8)
            + "' AND u.last_used_user_agent ";
    await().untilAsserted(() -> assertThat(database.count(uses + "IS NOT NULL")).isOne());
    int seen = upstream.received.size();

    HttpResponse<String> answer =
        gateway.get("/orders", "Authorization", "Bearer " + token, "User-Agent", "refused");
    assertThat(answer.statusCode()).isEqualTo(429);
    String other = Tenant.in(database.address()).key(gateway.config());
    assertThat(get(gateway, "/orders", other).statusCode()).isEqualTo(200);
    String otherUsed = uses.replace(token.substring(0, 8), other.substring(0, 8));
    await().untilAsserted(() -> assertThat(database.count(otherUsed + "IS NOT NULL")).isOne());

    assertThat(database.count(uses + "= 'refused'")).isZero();
    assertThat(upstream.received).hasSize(seen + 1);
  }

  /** PATCH takes effect at once, and what was spent before stays spent. */
  @Test
  void raisedLimitAdmitsTheDifference() {
    String token = key(gateway, database, KeyKind.MGP, 2);
    refused(third("/orders", token));
    database.execute(
        "UPDATE api_keys SET rate_limit = 3 WHERE key_prefix = '" + token.substring(0, 8) + "'");

    await()
        .untilAsserted(
            () -> assertThat(get(gateway, "/orders", token).statusCode()).isEqualTo(200));
    assertThat(get(gateway, "/orders", token).statusCode()).isEqualTo(429);
  }

  /** Two replicas admit what one would, each its half; the one that stays has the rest again. */
  @Test
  void replicasShareALimit() {
    try (TestDatabase shared = TestDatabase.create();
        TestGateway one = TestGateway.begin(shared.address(), upstream.url(), Map.of())) {
      one.awaitReady();
      String token;
      try (TestGateway two = TestGateway.begin(shared.address(), upstream.url(), Map.of())) {
        two.awaitReady();
        token = key(one, shared, KeyKind.MGP, 20);
        String probe = key(one, shared, KeyKind.MGP, 1_000_000);
        await().untilAsserted(() -> assertThat(price(one, probe)).isEqualTo(2));
        await().untilAsserted(() -> assertThat(price(two, probe)).isEqualTo(2));

        assertThat(admitted(one, token)).isEqualTo(10);
        assertThat(admitted(two, token)).isEqualTo(10);
        await().untilAsserted(() -> assertThat(shared.count(NOTICES)).isOne());
      }
      String probe = key(one, shared, KeyKind.MGP, 1_000_000);
      await().untilAsserted(() -> assertThat(price(one, probe)).isEqualTo(1));
      assertThat(admitted(one, token)).as("spent is spent").isZero();
    }
  }

  /** How much one request takes from an allowance: as many as there are replicas. */
  private static long price(TestGateway gateway, String token) {
    long before = remaining(get(gateway, "/orders", token));
    return before - remaining(get(gateway, "/orders", token));
  }

  private static long remaining(HttpResponse<String> answer) {
    return Long.parseLong(header(answer, "RateLimit").replaceAll(".*;r=(\\d+);.*", "$1"));
  }

  private static int admitted(TestGateway gateway, String token) {
    int admitted = 0;
    for (int i = 0; i < 30; i++) {
      admitted += get(gateway, "/orders", token).statusCode() == 200 ? 1 : 0;
    }
    return admitted;
  }
}
