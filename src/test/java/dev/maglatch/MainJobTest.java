// SPDX-License-Identifier: Apache-2.0
package dev.maglatch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.maglatch.postgres.TestDatabase;
import io.vertx.core.json.JsonObject;
import java.net.http.HttpResponse;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** A key made by the gateway opens the way to an upstream that knows nothing of keys. */
class MainJobTest {
  private static final String ROUTE = "/functions/v1/manage-api-keys";
  private static TestDatabase database;
  private static Tenant tenant;
  private static EchoUpstream upstream;
  private static TestGateway gateway;
  private static String firstKey;

  @BeforeAll
  static void start() {
    database = TestDatabase.create();
    tenant = Tenant.in(database.address());
    upstream = new EchoUpstream();
    gateway = TestGateway.start(database.address(), upstream.url());
    firstKey = tenant.key(gateway.config());
  }

  @AfterAll
  static void stop() {
    gateway.close();
    upstream.close();
    database.close();
  }

  /** The whole life of a key, as a client and an operator with psql see it. */
  @Test
  void keyIsMadeUsedSeenAndRevoked() {
    JsonObject made = manage(new JsonObject().put("action", "generate").put("name", "mine"));
    String key = made.getString("key");
    String id = made.getString("id");
    assertThat(key).matches("mgp_[0-9a-f]{40}");

    HttpResponse<String> answer = gateway.get("/orders?open=1", "Authorization", "Bearer " + key);

    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.body()).isEqualTo("hello");
    EchoUpstream.Received arrived = upstream.received.get(upstream.received.size() - 1);
    assertThat(arrived.target()).isEqualTo("/orders?open=1");
    assertThat(arrived.headers()).doesNotContainKey("Authorization");
    assertThat(arrived.headers().get("X-maglatch-key-id")).isEqualTo(List.of(id));
    assertThat(arrived.headers().get("X-maglatch-account-id"))
        .isEqualTo(List.of(tenant.account().toString()));
    await().untilAsserted(() -> assertThat(lastUsedAt(id)).isNotNull());

    JsonObject revoked = manage(new JsonObject().put("action", "revoke").put("key_id", id));
    assertThat(revoked).isEqualTo(new JsonObject().put("success", true));
    int before = upstream.received.size();
    assertThat(gateway.get("/orders", "Authorization", "Bearer " + key).statusCode())
        .isEqualTo(401);
    assertThat(upstream.received).hasSize(before);
  }

  /** What an operator changes by hand counts without a restart. */
  @Test
  void keyRevokedByHandStopsWorking() {
    JsonObject made = manage(new JsonObject().put("action", "generate").put("name", "by hand"));
    String bearer = "Bearer " + made.getString("key");
    assertThat(gateway.get("/", "Authorization", bearer).statusCode()).isEqualTo(200);

    database.execute(
        "UPDATE api_keys SET revoked_at = now() WHERE id = '" + made.getString("id") + "'");

    await()
        .untilAsserted(
            () ->
                assertThat(gateway.get("/", "Authorization", bearer).statusCode()).isEqualTo(401));
  }

  @Test
  void readinessSaysReady() {
    assertThat(gateway.ops("/readyz").statusCode()).isEqualTo(200);
    assertThat(gateway.ops("/livez").statusCode()).isEqualTo(200);
    assertThat(gateway.ops("/metrics").body()).contains("maglatch_");
  }

  private static JsonObject manage(JsonObject command) {
    HttpResponse<String> answer =
        gateway.post(ROUTE, command.encode(), "Authorization", "Bearer " + firstKey);
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    return new JsonObject(answer.body());
  }

  private static @Nullable String lastUsedAt(String id) throws SQLException {
    try (Connection connection = database.connect();
        ResultSet row =
            connection
                .createStatement()
                .executeQuery("SELECT last_used_at FROM key_usage WHERE key_id = '" + id + "'")) {
      return row.next() ? row.getString(1) : null;
    }
  }
}
