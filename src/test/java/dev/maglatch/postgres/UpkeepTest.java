// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What is looked for by its age once in a while is found by an index: the rest is not read. */
class UpkeepTest {
  private static TestDatabase database;

  @BeforeAll
  static void start() {
    database = TestDatabase.create();
  }

  @AfterAll
  static void stop() {
    database.close();
  }

  static Stream<Arguments> ofAge() {
    return Stream.of(
        arguments("webhook_events_created", PgDeliveryQueue.PRUNE),
        arguments("webhook_publications_created", PgDeliveryQueue.FORGET_NAMES),
        arguments("webhook_notices_occasion", PgDeliveryQueue.FORGET_NAMES),
        arguments("api_keys_expiring", PgEventStore.NOTICE_EXPIRING),
        arguments("idempotency_keys_created", PgKeyRegistry.FORGET_OLD_NAMES),
        arguments("session_families_over", PgSessions.DELETE_OVER),
        arguments("sign_in_failures_window", PgSignInCounters.DELETE_OVER),
        arguments("changes_occurred", PgChangeFeed.PRUNE));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("ofAge")
  void isFoundByAnIndex(String index, String sql) throws SQLException {
    List<String> plan = plan(sql);

    assertThat(plan).anyMatch(line -> line.contains(index));
    int scan = 0;
    while (!plan.get(scan).contains(index)) {
      scan++;
    }
    assertThat(plan.get(scan + 1)).contains("Index Cond: (", "statement_timestamp()");
  }

  private static List<String> plan(String sql) throws SQLException {
    String explained =
        "EXPLAIN " + sql.replace("$1::bigint", "1000::bigint").replace("$2::integer", "9");
    List<String> lines = new ArrayList<>();
    try (Connection connection = database.connect();
        Statement statement = connection.createStatement()) {
      statement.execute("SET enable_seqscan = off");
      try (ResultSet rows = statement.executeQuery(explained)) {
        while (rows.next()) {
          lines.add(rows.getString(1));
        }
      }
    }
    return lines;
  }
}
