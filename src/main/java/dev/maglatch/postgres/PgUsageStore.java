// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.postgres;

import static java.util.Objects.requireNonNull;

import dev.maglatch.usage.HourlyRequests;
import dev.maglatch.usage.LastUse;
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

/** Usage in {@code key_usage} and {@code key_usage_hours}; the keys' own rows are only read. */
public final class PgUsageStore implements UsageStore {
  /*
   * Rows go in by key order, so that two replicas lock them in the same order. The join drops keys
   * that are gone. One that is deleted between the join and the insert fails the whole statement on
   * its foreign key: run again, it sees the deletion.
   */
  private static final String SAVE_LAST_USES =
      """
      INSERT INTO key_usage AS known (key_id, last_used_at, last_used_ip, last_used_user_agent)
      SELECT used.key_id, used.at, used.ip, used.agent
        FROM unnest($1::uuid[], $2::timestamptz[], $3::text[], $4::text[])
             AS used (key_id, at, ip, agent)
        JOIN api_keys AS k ON k.id = used.key_id
       ORDER BY used.key_id
          ON CONFLICT (key_id) DO UPDATE
         SET last_used_at = excluded.last_used_at,
             last_used_ip = excluded.last_used_ip,
             last_used_user_agent = excluded.last_used_user_agent
       WHERE known.last_used_at < excluded.last_used_at
      """;

  private static final String ADD_REQUESTS =
      """
      INSERT INTO key_usage_hours AS known (key_id, hour, requests)
      SELECT used.key_id, used.hour, used.requests
        FROM unnest($1::uuid[], $2::timestamptz[], $3::bigint[]) AS used (key_id, hour, requests)
        JOIN api_keys AS k ON k.id = used.key_id
       ORDER BY used.key_id, used.hour
          ON CONFLICT (key_id, hour) DO UPDATE SET requests = known.requests + excluded.requests
      """;

  private static final String REMOVE_HOURS =
      """
      DELETE FROM key_usage_hours
       WHERE ctid = ANY (ARRAY(
             SELECT ctid FROM key_usage_hours
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
  public Future<Void> saveLastUses(List<LastUse> uses) {
    UUID[] keys = new UUID[uses.size()];
    OffsetDateTime[] instants = new OffsetDateTime[uses.size()];
    String[] addresses = new String[uses.size()];
    String[] agents = new String[uses.size()];
    for (int i = 0; i < keys.length; i++) {
      LastUse use = uses.get(i);
      keys[i] = use.keyId();
      instants[i] = utc(use.usedAt());
      addresses[i] = use.address();
      agents[i] = use.userAgent();
    }
    return insert(SAVE_LAST_USES, Tuple.of(keys, instants, addresses, agents));
  }

  @Override
  public Future<Void> addRequests(List<HourlyRequests> counts) {
    UUID[] keys = new UUID[counts.size()];
    OffsetDateTime[] hours = new OffsetDateTime[counts.size()];
    Long[] requests = new Long[counts.size()];
    for (int i = 0; i < keys.length; i++) {
      HourlyRequests hourly = counts.get(i);
      keys[i] = hourly.keyId();
      hours[i] = utc(hourly.hour());
      requests[i] = hourly.requests();
    }
    return insert(ADD_REQUESTS, Tuple.of(keys, hours, requests));
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

  private Future<Void> insert(String sql, Tuple rows) {
    return database.query(
        client ->
            execute(client, sql, rows)
                .recover(
                    failure ->
                        keyVanished(failure)
                            ? execute(client, sql, rows)
                            : Future.failedFuture(failure)));
  }

  private static Future<Void> execute(SqlClient client, String sql, Tuple rows) {
    return client.preparedQuery(sql).execute(rows).mapEmpty();
  }

  private static boolean keyVanished(Throwable failure) {
    return failure instanceof PgException refused
        && FOREIGN_KEY_VIOLATION.equals(refused.getSqlState());
  }

  private static OffsetDateTime utc(Instant instant) {
    return instant.atOffset(ZoneOffset.UTC);
  }
}
