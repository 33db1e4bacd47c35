// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.postgres;

import static java.util.stream.Collectors.toMap;
import static org.assertj.core.api.Assertions.assertThat;

import dev.maglatch.Await;
import dev.maglatch.usage.KeyUsage;
import dev.maglatch.usage.LastUse;
import dev.maglatch.usage.UsageConfig;
import dev.maglatch.usage.UsageMetrics;
import dev.maglatch.usage.UsageRecorder;
import dev.maglatch.usage.UsageStore;
import dev.maglatch.usage.UsageStoreContract;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.Tuple;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class PgUsageStoreTest extends UsageStoreContract {
  private static final String OWNER =
      """
      WITH home AS (INSERT INTO organizations (name) VALUES ('test') RETURNING id)
      INSERT INTO accounts (email, user_record_id, organization_id)
      SELECT 'a@example.com', 'rec00000000000000', id FROM home
      """;
  private static final String NEW_KEYS =
      """
      INSERT INTO api_keys
             (kind, name, organization_id, user_id, created_by, key_prefix, key_hash, pepper)
      SELECT 'mgp', 'test', organization_id, id, id, 'mgp_0000',
             sha256(gen_random_uuid()::text::bytea), 'test'
        FROM accounts, generate_series(1, $1::integer)
      RETURNING id
      """;

  private static Vertx vertx;
  private static TestDatabase server;
  private static StatementLog log;
  private static Database database;
  private static UsageStore store;

  @BeforeAll
  static void start() {
    vertx = Vertx.vertx();
    server = TestDatabase.create();
    server.execute(OWNER);
    log = StatementLog.before(server.address());
    database = Database.open(vertx, log.address(), PoolLimits.DEFAULT);
    store = new PgUsageStore(database);
  }

  @AfterAll
  static void stop() {
    Await.result(database.close());
    Await.result(vertx.close());
    log.close();
    server.close();
  }

  @BeforeEach
  void empty() {
    server.execute("DELETE FROM api_keys");
    log.clear();
  }

  /** The promise behind usage: its cost depends on time alone, not on the load. */
  @Test
  void statementsOfOneFlushDoNotDependOnTheNumberOfRequests() {
    List<UUID> keys = newKeys(100);
    UsageRecorder recorder = recorder();
    Await.result(recorder.stop()); // the first flush looks for hours to remove

    List<String> first = statementsOfFlush(recorder, keys, 1);
    List<String> second = statementsOfFlush(recorder, keys, 1_000);

    assertThat(first).hasSize(1).allMatch(sql -> sql.contains("unnest"));
    assertThat(second).isEqualTo(first);
  }

  private static List<String> statementsOfFlush(
      UsageRecorder recorder, List<UUID> keys, int requestsPerKey) {
    long now = System.currentTimeMillis();
    for (int i = 0; i < requestsPerKey; i++) {
      for (UUID key : keys) {
        recorder.touch(key, now + i, "192.0.2.1", "agent");
      }
    }
    log.clear();
    Await.result(recorder.stop());
    return log.executed();
  }

  @Test
  void flushWithoutUseRunsNoStatement() {
    UsageRecorder recorder = recorder();
    Await.result(recorder.stop());
    log.clear();

    Await.result(recorder.stop());

    assertThat(log.executed()).isEmpty();
  }

  /** A use must not look like a change of the key: it would drop the key from every cache. */
  @Test
  void usageLeavesTheKeysAndTheChangeFeedAlone() {
    UUID key = newKey();
    String before = state();

    Instant now = Instant.now();
    for (int hour = 0; hour < 3; hour++) { // the first insert, and updates that put an hour away
      long at = now.plus(Duration.ofHours(hour)).toEpochMilli();
      Await.result(store.add(List.of(new KeyUsage(key, at, "::1", "agent", at, 1))));
    }
    assertThat(Await.result(store.removeHoursBefore(now.plus(Duration.ofDays(1)), 10)))
        .isEqualTo(2);

    assertThat(state()).isEqualTo(before);
  }

  /** The rows' versions, the number of change records and what the number sequence has drawn. */
  private static String state() {
    Row row =
        query(
                """
                SELECT (SELECT string_agg(xmin::text, ',') FROM api_keys) AS versions,
                       (SELECT count(*) FROM changes) AS changes,
                       (SELECT last_value FROM change_number) AS drawn
                """,
                Tuple.tuple())
            .iterator()
            .next();
    return row.deepToString();
  }

  @Test
  void replicasThatWriteTheSameKeysAtOnceDoNotDeadlock() {
    List<UUID> keys = newKeys(500);
    List<UsageRecorder> replicas = List.of(recorder(), recorder(), recorder(), recorder());
    long now = System.currentTimeMillis();

    for (int round = 0; round < 5; round++) {
      List<Future<Void>> flushes = new ArrayList<>();
      for (UsageRecorder replica : replicas) {
        long usedAt = now + round;
        keys.forEach(key -> replica.touch(key, usedAt, null, null));
        flushes.add(replica.stop());
      }
      Await.result(Future.all(flushes));
    }

    assertThat(keys)
        .allSatisfy(
            key ->
                assertThat(hours(key).values().stream().mapToLong(Long::longValue).sum())
                    .isEqualTo(20));
  }

  @Override
  protected UsageStore store() {
    return store;
  }

  @Override
  protected UUID newKey() {
    return newKeys(1).get(0);
  }

  @Override
  protected void deleteKey(UUID keyId) {
    query("DELETE FROM api_keys WHERE id = $1", Tuple.of(keyId));
  }

  @Override
  protected @Nullable LastUse lastUse(UUID keyId) {
    String sql =
        """
        SELECT last_used_at, last_used_ip, last_used_user_agent FROM key_usage WHERE key_id = $1
        """;
    for (Row row : query(sql, Tuple.of(keyId))) {
      return new LastUse(row.getOffsetDateTime(0).toInstant(), row.getString(1), row.getString(2));
    }
    return null;
  }

  @Override
  protected Map<Instant, Long> hours(UUID keyId) {
    String sql = "SELECT hour, requests FROM key_usage_hours WHERE key_id = $1";
    return StreamSupport.stream(query(sql, Tuple.of(keyId)).spliterator(), false)
        .collect(toMap(row -> row.getOffsetDateTime(0).toInstant(), row -> row.getLong(1)));
  }

  private static List<UUID> newKeys(int count) {
    return StreamSupport.stream(query(NEW_KEYS, Tuple.of(count)).spliterator(), false)
        .map(row -> row.getUUID(0))
        .toList();
  }

  private static RowSet<Row> query(String sql, Tuple parameters) {
    return Await.result(database.pool().preparedQuery(sql).execute(parameters));
  }

  private static UsageRecorder recorder() {
    return new UsageRecorder(
        vertx,
        store,
        new UsageConfig(Duration.ofSeconds(60), Duration.ofSeconds(10), 10_000),
        UsageMetrics.NONE,
        InstantSource.system(),
        System::nanoTime);
  }
}
