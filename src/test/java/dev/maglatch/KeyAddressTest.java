// SPDX-License-Identifier: Apache-2.0
package dev.maglatch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.maglatch.key.KeyKind;
import dev.maglatch.postgres.TestDatabase;
import io.vertx.core.json.JsonObject;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A key that may be used from some addresses only, in a whole gateway. */
class KeyAddressTest {
  private static final String RANGES = "UPDATE api_keys SET allowed_ips = %s WHERE kind = '%s'";

  /** Of the keys that one test alone uses: the others' uses may be stored at any moment. */
  private static final String USES =
      "SELECT count(*) FROM key_usage u JOIN api_keys k ON k.id = u.key_id"
          + " WHERE k.kind IN ('org', 'mp')";

  private static TestDatabase database;
  private static Tenant tenant;
  private static EchoUpstream upstream;
  private static TestGateway gateway;
  private static String key;
  private static String organizationKey;
  private static String magicPostKey;

  @BeforeAll
  static void start() {
    database = TestDatabase.create();
    tenant = Tenant.in(database.address());
    upstream = new EchoUpstream();
    Map<String, String> trusting =
        Map.of("MAGLATCH_PROXY_TRUSTED_CIDRS", "127.0.0.0/8,10.9.0.0/16");
    gateway = TestGateway.begin(database.address(), upstream.url(), trusting).awaitReady();
    key = tenant.key(gateway.config());
    organizationKey = tenant.key(gateway.config(), KeyKind.ORG);
    magicPostKey = tenant.key(gateway.config(), KeyKind.MP);
  }

  @AfterAll
  static void stop() {
    gateway.close();
    upstream.close();
    database.close();
  }

  private static int status(String path, String key, String from) {
    return gateway
        .get(path, "Authorization", "Bearer " + key, "X-Forwarded-For", from)
        .statusCode();
  }

  private static void allowOnly(KeyKind kind, String array) {
    database.execute(RANGES.formatted(array, kind.name().toLowerCase(Locale.ROOT)));
  }

  /** The right-most hop that is no trusted proxy counts; what stands left of it is hearsay. */
  @ParameterizedTest
  @CsvSource({
    "192.0.2.7, 200",
    "192.0.2.8, 403",
    "2001:db8::9, 200",
    "2001:db8:1::9, 403",
    "::ffff:192.0.2.7, 200",
    "198.51.100.3, 200",
    "'203.0.113.1, 192.0.2.7', 200",
    "'192.0.2.7, 203.0.113.1', 403",
    "'192.0.2.7, 10.9.1.1', 200",
    "'192.0.2.7, unknown', 403",
  })
  void keyWorksWhereItMay(String from, int status) {
    allowOnly(KeyKind.MGP, "'{192.0.2.7,2001:db8::/48,::ffff:198.51.100.0/120}'");

    await().untilAsserted(() -> assertThat(status("/orders", key, from)).isEqualTo(status));
    assertThat(status("/_maglatch/forward-auth", key, from)).isEqualTo(status);
  }

  /** Own routes are no way around it, and a refusal is no use of the key. */
  @Test
  void ownRoutesObeyToo() throws Exception {
    allowOnly(KeyKind.ORG, "'{192.0.2.0/24}'");
    allowOnly(KeyKind.MP, "'{192.0.2.0/24}'");

    await()
        .untilAsserted(
            () -> assertThat(status("/v1/whoami", organizationKey, "203.0.113.1")).isEqualTo(403));
    await()
        .untilAsserted(
            () ->
                assertThat(status("/api/v1/auth/verify", magicPostKey, "203.0.113.1"))
                    .isEqualTo(403));
    assertThat(status("/v1/whoami", organizationKey, "192.0.2.1")).isEqualTo(200);
    assertThat(status("/api/v1/auth/verify", magicPostKey, "192.0.2.2")).isEqualTo(200);
    await()
        .untilAsserted(
            () ->
                assertThat(database.count(USES + " AND last_used_ip LIKE '192.0.2.%'"))
                    .isEqualTo(2));
    assertThat(database.count(USES)).isEqualTo(2);
  }

  @Test
  void refusalIs403InTheShapeOfTheDialect() {
    allowOnly(KeyKind.MGP, "'{192.0.2.0/24}'");
    String bearer = "Bearer " + key;

    await()
        .untilAsserted(
            () ->
                assertThat(gateway.get("/orders", "Authorization", bearer).statusCode())
                    .isEqualTo(403));
    var answer = gateway.get("/orders", "Authorization", bearer);
    assertThat(new JsonObject(answer.body()).getJsonObject("error").getString("code"))
        .isEqualTo("forbidden");
    assertThat(answer.headers().firstValue("WWW-Authenticate").orElse(""))
        .contains("insufficient_scope");
  }

  /** What somebody wrote by hand and nobody can read opens nothing. */
  @ParameterizedTest
  @CsvSource({"'''{}'''", "'''{nonsense}'''", "'''{300.1.1.1,10.0.0.0/99}'''"})
  void unreadableRangesAllowNobody(String array) {
    allowOnly(KeyKind.MGP, array);

    await().untilAsserted(() -> assertThat(status("/orders", key, "192.0.2.7")).isEqualTo(403));
    allowOnly(KeyKind.MGP, "NULL");
    await().untilAsserted(() -> assertThat(status("/orders", key, "192.0.2.7")).isEqualTo(200));
  }
}
