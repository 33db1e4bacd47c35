// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.faults;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Rows that no release of ours writes: NULL, empty, huge and unknown values in every column, with
 * all constraints dropped.
 */
@ExtendWith(SharedFleet.class)
final class RowsIT {
  private static final String LIST = "{\"action\":\"list\"}";
  private static final String HUGE = "repeat('x', 1000000)";

  private static final String DROP_CONSTRAINTS =
      """
      CREATE TABLE dropped AS
      SELECT conname::text AS name, conrelid::regclass::text AS owner,
             pg_get_constraintdef(oid) AS definition, contype IN ('f') AS late
        FROM pg_constraint
       WHERE contype IN ('c', 'f', 'n') AND connamespace = 'public'::regnamespace
         AND conrelid IN ('api_keys'::regclass, 'service_accounts'::regclass);
      DO $$
      DECLARE each record;
      BEGIN
        FOR each IN SELECT * FROM dropped LOOP
          BEGIN
            EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', each.owner, each.name);
          EXCEPTION WHEN invalid_table_definition THEN
            DELETE FROM dropped WHERE name = each.name AND owner = each.owner;
          END;
        END LOOP;
      END $$
      """;

  private static final String RESTORE_CONSTRAINTS =
      """
      DELETE FROM key_usage;
      DELETE FROM key_usage_past_hours;
      DELETE FROM api_keys WHERE name LIKE 'strange%%' OR id::text IN (%s);
      DO $$
      DECLARE each record;
      BEGIN
        FOR each IN SELECT * FROM dropped ORDER BY late LOOP
          EXECUTE format('ALTER TABLE %%s ADD CONSTRAINT %%I %%s', each.owner, each.name, each.definition);
        END LOOP;
      END $$;
      DROP TABLE dropped
      """;

  /** Values of a column, by its type. */
  private static final Map<String, List<String>> STRANGE =
      Map.of(
          "text", List.of("NULL", "''", "'unknown'", HUGE),
          "uuid", List.of("NULL", "gen_random_uuid()"),
          "bytea", List.of("NULL", "''::bytea", "decode(" + HUGE.replace('x', '0') + ", 'hex')"),
          "integer", List.of("NULL", "0", "-1", "2147483647"),
          "timestamp with time zone",
              List.of(
                  "NULL",
                  "'infinity'",
                  "'-infinity'",
                  "'294276-12-31 23:59:59Z'",
                  "'4713-01-01 00:00:00Z BC'"),
          "ARRAY", List.of("NULL", "'{}'", "ARRAY[NULL]::text[]", "ARRAY['', 'x', " + HUGE + "]"));

  private final Map<String, TestKey> strange = new HashMap<>();

  @Test
  void strangeRowFailsItsOwnKeyAlone(Fleet fleet) {
    TestKey healthy = fleet.known();
    fleet.database().execute(DROP_CONSTRAINTS);
    makeStrange(fleet);
    assertThat(strange).hasSizeGreaterThan(40);
    GatewayJvm replica = fleet.replica(0);
    Iterator<TestKey> neverUsed = fleet.keys().keys(2 * strange.size()).iterator();

    for (int round = 0; round < 2; round++) {
      for (Map.Entry<String, TestKey> each : strange.entrySet()) {
        int status = replica.get(each.getValue().token()).status();
        assertThat(status).as(each.getKey()).isIn(200, 401, 403, 429, 503);
        String healthyOne = neverUsed.next().token();
        assertThat(replica.get(healthyOne).status()).as(each.getKey()).isEqualTo(200);
      }
      fleet.keys().revokeByHand(fleet.known()); // makes every entry be looked at again
    }

    assertThat(replica.get(healthy.token()).status()).isEqualTo(200);
    assertThat(replica.manage(fleet.admin().token(), LIST).status()).isEqualTo(200);
    assertThat(replica.metric("maglatch_lease_held")).isOne();
    assertThat(replica.healthy()).isTrue();
  }

  @AfterEach
  void mend(Fleet fleet) {
    List<String> ids = new ArrayList<>();
    strange.values().forEach(key -> ids.add("'" + key.id() + "'"));
    fleet.database().execute(RESTORE_CONSTRAINTS.formatted(String.join(",", ids)));
  }

  /** A key for each column and value, of an account of its own. */
  private void makeStrange(Fleet fleet) {
    KeyRing ring = new KeyRing(fleet.database());
    String columns =
        fleet
            .database()
            .query(
                """
                SELECT string_agg(column_name || ':' || data_type, ',')
                  FROM information_schema.columns
                 WHERE table_name = 'api_keys' AND table_schema = 'public' AND column_name <> 'id'
                """);
    for (String column : columns.split(",", -1)) {
      String name = column.substring(0, column.indexOf(':'));
      for (String value :
          STRANGE.getOrDefault(column.substring(column.indexOf(':') + 1), List.of())) {
        TestKey key = ring.key();
        if (stored(fleet, "UPDATE api_keys SET " + name + " = " + value, key)) {
          strange.put(name + " = " + value.substring(0, Math.min(40, value.length())), key);
        }
      }
    }
  }

  /** What PostgreSQL itself refuses, such as a huge value in an index, nobody has to read. */
  private static boolean stored(Fleet fleet, String update, TestKey key) {
    try {
      fleet.database().execute(update + " WHERE id = '" + key.id() + "'");
      return true;
    } catch (IllegalStateException refused) {
      return false;
    }
  }
}
