// SPDX-License-Identifier: Apache-2.0
package dev.maglatch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.maglatch.postgres.StatementLog;
import dev.maglatch.postgres.TestDatabase;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;

/** Counts the statements that traffic costs, on the wire between the gateway and PostgreSQL. */
class HotPathTest {
  private static final int REQUESTS = 500;

  @Test
  void neitherAKnownKeyNorAForgedOneCostsAStatement() {
    try (TestDatabase database = TestDatabase.create();
        StatementLog log = StatementLog.before(database.address());
        EchoUpstream upstream = new EchoUpstream();
        TestGateway gateway = TestGateway.begin(log.address(), upstream.url(), Map.of())) {
      gateway.awaitReady();
      String bearer = "Bearer " + Tenant.in(database.address()).key(gateway.config());
      assertThat(gateway.get("/", "Authorization", bearer).statusCode()).isEqualTo(200);
      assertThat(lookups(log)).isPositive();
      log.clear();

      for (int i = 0; i < REQUESTS; i++) {
        assertThat(gateway.get("/", "Authorization", bearer).statusCode()).isEqualTo(200);
        assertThat(gateway.get("/", "Authorization", forged(i)).statusCode()).isEqualTo(401);
      }

      List<String> executed = new CopyOnWriteArrayList<>(log.executed());
      assertThat(executed)
          .as("the lease, usage, webhooks, once an interval; nothing on the way of a request")
          .allMatch(
              sql ->
                  sql.contains("renew_lease")
                      || sql.contains("key_usage")
                      || sql.contains("webhook_"));
      assertThat(lookups(log)).isZero();
    }
  }

  private static long lookups(StatementLog log) {
    return log.executed().stream().filter(sql -> sql.contains("k.key_hash = ANY")).count();
  }

  /** Well-formed, and without our check bytes. */
  private static String forged(int i) {
    return "Bearer mgp_" + String.format("%040x", i);
  }
}
