// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.postgres;

import static java.util.Objects.requireNonNull;

import dev.maglatch.usage.KeyUsage;
import dev.maglatch.usage.UsageStore;
import io.vertx.core.Future;
import io.vertx.pgclient.PgException;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.SqlResult;
import io.vertx.sqlclient.Tuple;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.List;
import java.util.UUID;

/**
 * Usage in {@code key_usage} and {@code key_usage_past_hours}; the keys' own rows are only read.
 */
public final class PgUsageStore implements UsageStore {
  /*
   * Rows go in by key order, so that two replicas lock them in the same order. The join drops keys
   * that are gone. One that is deleted between the join and the insert fails the whole statement on
   * its foreign key: run again, it sees the deletion.
   */
  private static final String ADD =
      """
      INSERT INTO key_usage AS known
             (key_id, last_used_at, last_used_ip, last_used_user_agent, hour, requests)
      SELECT used.key_id, 'epoch'::timestamptz + used.at * interval '1 millisecond', used.ip,
             used.agent, 'epoch'::timestamptz + used.hour * interval '1 millisecond', used.requests
        FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::bigint[],
                    $6::bigint[]) AS used (key_id, at, ip, agent, hour, requests)
        JOIN api_keys AS k ON k.id = used.key_id
       ORDER BY used.key_id
          ON CONFLICT (key_id) DO UPDATE
         SET last_used_at = greatest(known.last_used_at, excluded.last_used_at),
             last_used_ip = CASE WHEN known.last_used_at < excluded.last_used_at
                                 THEN excluded.last_used_ip ELSE known.last_used_ip END,
             last_used_user_agent =
               CASE WHEN known.last_used_at < excluded.last_used_at
                    THEN excluded.last_used_user_agent ELSE known.last_used_user_agent END,
             hour = excluded.hour,
             requests = CASE WHEN known.hour = excluded.hour THEN known.requests ELSE 0 END
                        + excluded.requests
      """; // another hour's count is put away by a trigger

  private static final String REMOVE_HOURS =
      """
      DELETE FROM key_usage_past_hours
       WHERE ctid = ANY (ARRAY(
             SELECT ctid FROM key_usage_past_hours
              WHERE hour < $1::timestamptz
              ORDER BY hour
              LIMIT $2::integer
                FOR UPDATE SKIP LOCKED))
      """; // skips what another replica removes just now

  private static final String FOREIGN_KEY_VIOLATION = "23503";

  private final Database database;

  public PgUsageStore(Database database) {
    this.database = requireNonNull(database, "database");
  }

  @Override
  public Future<Void> add(List<KeyUsage> usage) {
    UUID[] keys = new UUID[usage.size()];
    Long[] instants = new Long[keys.length];
    String[] addresses = new String[keys.length];
    String[] agents = new String[keys.length];
    Long[] hours = new Long[keys.length];
    Long[] requests = new Long[keys.length];
    for (int i = 0; i < keys.length; i++) {
      KeyUsage one = usage.get(i);
      keys[i] = one.keyId();
      instants[i] = one.usedAt();
      addresses[i] = one.address();
      agents[i] = one.userAgent();
      hours[i] = one.hour();
      requests[i] = one.requests();
    }
    return insert(Tuple.of(keys, instants, addresses, agents, hours, requests));
  }

  @Override
  public Future<Integer> removeHoursBefore(Instant end, int maxRows) {
    return database.query(
        client ->
            client
                .preparedQuery(REMOVE_HOURS)
                .execute(Tuple.of(utc(end), maxRows))
                .map(SqlResult::rowCount));
  }

  private Future<Void> insert(Tuple rows) {
    return database.query(
        client ->
            execute(client, rows)
                .recover(
                    failure ->
                        keyVanished(failure)
                            ? execute(client, rows)
                            : Future.failedFuture(failure)));
  }

  private static Future<Void> execute(SqlClient client, Tuple rows) {
    return client.preparedQuery(ADD).execute(rows).mapEmpty();
  }

  private static boolean keyVanished(Throwable failure) {
    return failure instanceof PgException refused
        && FOREIGN_KEY_VIOLATION.equals(refused.getSqlState());
  }

  private static OffsetDateTime utc(Instant instant) {
    return instant.atOffset(ZoneOffset.UTC);
  }
}
