// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.flywaydb.core.Flyway;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A database of each older schema is brought up to date with its rows.
 *
 * <p>Nothing is released yet, so the older schemas are the steps on the way to the first release.
 * From then on each release's last step is one that must not change any more.
 */
class UpgradeTest {
  /** Rows that every schema from the first on takes. */
  private static final String ROWS =
      """
      WITH o AS (INSERT INTO organizations (name) VALUES ('o') RETURNING id),
           a AS (INSERT INTO accounts (email, user_record_id, organization_id)
                 SELECT 'a@example.com', 'rec00000000000000', id FROM o
                 RETURNING id, organization_id)
      INSERT INTO api_keys (kind, name, organization_id, user_id, created_by, key_prefix, key_hash,
                            pepper)
      SELECT 'mgp', 'old', organization_id, id, id, 'mgp_0000', decode(repeat('ab', 32), 'hex'),
             '0123456789abcdef'
        FROM a
      """;

  static Stream<Integer> olderSchemas() {
    return IntStream.range(1, SchemaVersion.LATEST).boxed();
  }

  @ParameterizedTest
  @MethodSource("olderSchemas")
  void rowsOfAnOlderSchemaAreKept(int schema) {
    try (TestDatabase database = TestDatabase.createEmpty()) {
      migrateTo(database, schema);
      database.execute(ROWS);

      assertThat(Migrations.apply(database.address())).isEqualTo(SchemaVersion.LATEST - schema);

      assertThat(database.count("SELECT count(*) FROM api_keys WHERE name = 'old'")).isOne();
      database.execute("UPDATE api_keys SET revoked_at = now()"); // its triggers work
    }
  }

  /** Replicas that start together on an empty database: one migrates, the others wait. */
  @Test
  void replicasThatMigrateAtOnceDoEachStepOnce() throws Exception {
    ExecutorService replicas = Executors.newFixedThreadPool(3);
    try (TestDatabase database = TestDatabase.createEmpty()) {
      Callable<Integer> migrate = () -> Migrations.apply(database.address());
      int steps = 0;
      for (Future<Integer> done : replicas.invokeAll(List.of(migrate, migrate, migrate))) {
        steps += done.get();
      }
      assertThat(steps).isEqualTo(SchemaVersion.LATEST);
    } finally {
      replicas.shutdownNow();
    }
  }

  private static void migrateTo(TestDatabase database, int schema) {
    DatabaseAddress address = database.address();
    var password = address.password();
    Flyway.configure(UpgradeTest.class.getClassLoader())
        .dataSource(address.jdbcUrl(), address.user(), password == null ? null : password.reveal())
        .locations("classpath:db/migration")
        .table("schema_history")
        .target(String.valueOf(schema))
        .load()
        .migrate();
  }
}
