// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.postgres;

import static java.util.Objects.requireNonNull;

import dev.maglatch.manage.Actor;
import dev.maglatch.manage.KeyRecord;
import dev.maglatch.postgres.WebhookEvents.Written;
import dev.maglatch.webhook.EventStore;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowIterator;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Events in {@code webhook_events}. */
public final class PgEventStore implements EventStore {
  /** A second replica waits for the first one's commit, and then finds the notice there. */
  static final String NOTICE_EXPIRING =
      """
      WITH noticed AS (
        INSERT INTO webhook_notices (key_id, event, occasion)
        SELECT id, 'api_key.expiring', expires_at FROM api_keys AS k
         WHERE revoked_at IS NULL AND revoke_after IS NULL
           AND expires_at > statement_timestamp()
           AND expires_at <= statement_timestamp() + $1::bigint * interval '1 millisecond'
           AND NOT EXISTS (SELECT 1 FROM webhook_notices AS n
                            WHERE n.key_id = k.id AND n.event = 'api_key.expiring'
                              AND n.occasion = k.expires_at)
         ORDER BY expires_at, id LIMIT $2::integer
            ON CONFLICT DO NOTHING
        RETURNING key_id)
      """
          + KeyRows.SELECT
          + " JOIN noticed ON noticed.key_id = k.id ORDER BY k.expires_at, k.id";

  private static final String NOTICE_LIMIT =
      """
      WITH noticed AS (
        INSERT INTO webhook_notices (key_id, event, occasion)
        SELECT id, 'api_key.limit_reached', $2::timestamptz FROM api_keys WHERE id = $1::uuid
            ON CONFLICT DO NOTHING
        RETURNING key_id)
      """
          + KeyRows.SELECT
          + " JOIN noticed ON noticed.key_id = k.id";

  /**
   * Keeps nothing if the name is known, which is so once another one's insertion has been waited
   * for; nor for an account that is none.
   */
  private static final String KEEP_NAME =
      """
      INSERT INTO webhook_publications AS p (account_id, name, content, event_id)
      SELECT id, $2::text, sha256(convert_to($3::text || ' ' || $4::text, 'UTF8')), $5::uuid
        FROM accounts WHERE id = $1::uuid AND disabled_at IS NULL
          ON CONFLICT (account_id, name) DO UPDATE
         SET content = excluded.content, event_id = excluded.event_id, deliveries = 0,
             created_at = excluded.created_at
       WHERE p.created_at < clock_timestamp() - interval '24 hours'
      """;

  private static final String KEEP_COUNT =
      """
      UPDATE webhook_publications SET deliveries = $3::integer
       WHERE account_id = $1::uuid AND name = $2::text
      """;

  private static final String FIND_NAME =
      """
      SELECT p.event_id, p.deliveries,
             p.content = sha256(convert_to($3::text || ' ' || $4::text, 'UTF8')) AS same
        FROM webhook_publications AS p JOIN accounts AS a ON a.id = p.account_id
       WHERE p.account_id = $1::uuid AND p.name = $2::text AND a.disabled_at IS NULL
      """;

  private final Database database;

  public PgEventStore(Database database) {
    this.database = requireNonNull(database, "database");
  }

  @Override
  public Future<@Nullable Published> publish(
      UUID accountId, String event, JsonObject data, @Nullable String once) {
    return once == null
        ? database.query(
            client -> WebhookEvents.write(client, accountId, event, data).map(PgEventStore::first))
        : database.transaction(connection -> publishOnce(connection, accountId, event, data, once));
  }

  private static @Nullable Published first(@Nullable Written done) {
    return done == null ? null : new Published(done.eventId(), done.deliveries(), Repetition.FIRST);
  }

  private static Future<@Nullable Published> publishOnce(
      SqlConnection connection, UUID accountId, String event, JsonObject data, String once) {
    UUID id = UUID.randomUUID();
    Tuple name = Tuple.of(accountId, once, event, data.encode());
    return connection
        .preparedQuery(KEEP_NAME)
        .execute(Tuple.of(accountId, once, event, data.encode(), id))
        .compose(
            kept ->
                kept.rowCount() > 0
                    ? WebhookEvents.writeAs(connection, id, accountId, event, data)
                        .compose(done -> counted(connection, accountId, once, done))
                    : connection
                        .preparedQuery(FIND_NAME)
                        .execute(name)
                        .map(PgEventStore::repeated));
  }

  private static Future<@Nullable Published> counted(
      SqlConnection connection, UUID accountId, String once, @Nullable Written done) {
    return done == null
        ? Future.succeededFuture()
        : connection
            .preparedQuery(KEEP_COUNT)
            .execute(Tuple.of(accountId, once, done.deliveries()))
            .map(kept -> first(done));
  }

  private static @Nullable Published repeated(RowSet<Row> rows) {
    RowIterator<Row> found = rows.iterator();
    if (!found.hasNext()) {
      return null;
    }
    Row row = found.next();
    return new Published(
        row.getUUID("event_id"),
        row.getInteger("deliveries"),
        row.getBoolean("same") ? Repetition.REPLAYED : Repetition.OTHER_EVENT);
  }

  @Override
  public Future<Void> limitReached(UUID keyId, Instant windowEnd) {
    Tuple values = Tuple.of(keyId, windowEnd.atOffset(ZoneOffset.UTC));
    return database
        .transaction(
            connection -> notice(connection, NOTICE_LIMIT, values, "api_key.limit_reached"))
        .mapEmpty();
  }

  @Override
  public Future<Integer> noticeExpiring(Duration ahead, int max) {
    Tuple values = Tuple.of(ahead.toMillis(), max);
    return database.transaction(
        connection -> notice(connection, NOTICE_EXPIRING, values, "api_key.expiring"));
  }

  private static Future<Integer> notice(
      SqlConnection connection, String sql, Tuple values, String event) {
    return connection
        .preparedQuery(sql)
        .execute(values)
        .compose(
            rows -> {
              List<KeyRecord> keys = Cells.readable(rows, KeyRows::read);
              return tell(connection, keys, event, 0).map(keys.size());
            });
  }

  private static Future<Void> tell(
      SqlConnection connection, List<KeyRecord> keys, String event, int index) {
    return index == keys.size()
        ? Future.succeededFuture()
        : KeyEvents.write(connection, keys.get(index), Actor.SYSTEM, event)
            .compose(done -> tell(connection, keys, event, index + 1));
  }
}
