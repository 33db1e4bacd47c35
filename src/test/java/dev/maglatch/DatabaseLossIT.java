// SPDX-License-Identifier: Apache-2.0
package dev.maglatch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.maglatch.postgres.EmbeddedDatabase;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What clients see while PostgreSQL is killed under a running gateway, and afterwards. */
class DatabaseLossIT {
  private static final String ROUTE = "/functions/v1/manage-api-keys";

  /** The server comes back by itself: whoever started it restarts it when it ends. */
  @Test
  void verifiedKeysAreServedAndUnknownOnesUndecidedUntilTheDatabaseIsBack(@TempDir Path folder)
      throws Exception {
    try (EmbeddedDatabase database = EmbeddedDatabase.start(folder);
        EchoUpstream upstream = new EchoUpstream();
        TestGateway gateway =
            TestGateway.begin(database.address(), upstream.url(), withStrictRoute(upstream))) {
      gateway.awaitReady();
      Tenant tenant = Tenant.in(database.address());
      String known = "Bearer " + tenant.key(gateway.config());
      String revoked = "Bearer " + tenant.key(gateway.config());
      String neverUsed = "Bearer " + tenant.key(gateway.config());
      assertThat(status(gateway, known)).isEqualTo(200);
      revokeItself(gateway, revoked);
      assertThat(status(gateway, revoked)).isEqualTo(401);

      killPostgres(folder);
      await().until(() -> gateway.ops("/readyz").body().contains("degraded"));

      assertThat(status(gateway, known)).isEqualTo(200);
      assertThat(gateway.get("/strict", "Authorization", known).statusCode()).isEqualTo(503);
      assertThat(status(gateway, revoked)).isEqualTo(401);
      HttpResponse<String> undecided = gateway.get("/", "Authorization", neverUsed);
      assertThat(undecided.statusCode()).isEqualTo(503);
      assertThat(undecided.headers().firstValue("Retry-After")).isPresent();
      assertThat(gateway.get("/", "Authorization", "Bearer mgp_nonsense").statusCode())
          .isEqualTo(401);
      HttpResponse<String> list =
          gateway.post(ROUTE, "{\"action\":\"list\"}", "Authorization", known);
      assertThat(list.statusCode()).isEqualTo(503);
      HttpResponse<String> ready = gateway.ops("/readyz");
      assertThat(ready.statusCode()).isEqualTo(200);
      assertThat(new JsonObject(ready.body()).getJsonArray("degraded"))
          .isEqualTo(new JsonArray().add("database"));

      await()
          .atMost(Duration.ofSeconds(60))
          .untilAsserted(() -> assertThat(status(gateway, neverUsed)).isEqualTo(200));
      assertThat(status(gateway, revoked)).isEqualTo(401);
      await().until(() -> !gateway.ops("/readyz").body().contains("degraded"));
    }
  }

  /** A gateway may be started before its database: alive, not ready, and ready by itself later. */
  @Test
  void gatewayWaitsForADatabaseThatIsNotThereYet(@TempDir Path folder) throws Exception {
    EmbeddedDatabase first = EmbeddedDatabase.start(folder);
    var address = first.address();
    killPostgres(folder);
    try (first;
        EchoUpstream upstream = new EchoUpstream();
        TestGateway gateway = TestGateway.begin(address, upstream.url(), Map.of())) {
      await().until(() -> gateway.gateway.opsPort() != 0);
      assertThat(gateway.ops("/livez").statusCode()).isEqualTo(200);
      await()
          .untilAsserted(
              () ->
                  assertThat(new JsonObject(gateway.ops("/readyz").body()).getString("reason"))
                      .isEqualTo("database"));
      assertThat(gateway.ops("/readyz").statusCode()).isEqualTo(503);
      assertThat(gateway.ops("/metrics").body())
          .as("a lease that was never held is not lost")
          .doesNotContain("\nmaglatch_lease_held");

      gateway.awaitReady();
      assertThat(gateway.ops("/readyz").statusCode()).isEqualTo(200);
      assertThat(gateway.ops("/metrics").body()).contains("\nmaglatch_lease_held 1");
    }
  }

  /** Beside everything else a route that serves no key that cannot be asked about. */
  private static Map<String, String> withStrictRoute(EchoUpstream upstream) {
    String routes =
        "[{path: /strict, max-staleness: 0, upstream: '%1$s'}, {upstream: '%1$s'}]"
            .formatted(upstream.url());
    return Map.of("MAGLATCH_PROXY_UPSTREAM", "", "MAGLATCH_PROXY_ROUTES", routes);
  }

  private static int status(TestGateway gateway, String bearer) {
    return gateway.get("/", "Authorization", bearer).statusCode();
  }

  private static void killPostgres(Path folder) throws IOException {
    Path note = folder.resolve("database").resolve("postmaster.pid");
    long pid = Long.parseLong(Files.readAllLines(note).get(0).strip());
    assertThat(ProcessHandle.of(pid).orElseThrow().destroyForcibly()).isTrue();
  }

  private static void revokeItself(TestGateway gateway, String bearer) {
    HttpResponse<String> listed =
        gateway.post(ROUTE, "{\"action\":\"list\"}", "Authorization", bearer);
    String prefix = bearer.substring("Bearer ".length()).substring(0, 8);
    String id =
        new JsonObject(listed.body())
            .getJsonArray("keys").stream()
                .map(key -> (JsonObject) key)
                .filter(key -> key.getString("key_prefix").equals(prefix))
                .findFirst()
                .orElseThrow()
                .getString("id");
    String command = new JsonObject().put("action", "revoke").put("key_id", id).encode();
    HttpResponse<String> answer = gateway.post(ROUTE, command, "Authorization", bearer);
    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.headers().firstValue("X-Maglatch-Revocation").orElseThrow())
        .startsWith("confirmed=1/1; expired=0; ms=");
  }
}
