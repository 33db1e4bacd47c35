// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.postgres;

import static java.util.Objects.requireNonNull;

import dev.maglatch.manage.Actor;
import dev.maglatch.manage.DeliveryBook;
import dev.maglatch.manage.DeliveryRecord;
import dev.maglatch.manage.DeliveryRecord.Attempt;
import dev.maglatch.manage.KeyReach;
import dev.maglatch.manage.KeyRecord;
import dev.maglatch.manage.Page;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowIterator;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Deliveries in {@code webhook_deliveries}, for the owners of the keys. */
public final class PgDeliveryBook implements DeliveryBook {
  private static final String COLUMNS =
      """
      SELECT d.id, d.event_id, e.event, d.status, d.attempts, d.created_at,
             CASE WHEN d.claimed_by IS NULL THEN d.due_at END AS next_attempt_at
      """;

  private static final String ATTEMPT_COLUMNS =
      "a.attempted_at, a.url, a.http_status, a.millis, a.failure, a.answer, a.headers";

  private static final String OF_KEY =
      """
        FROM webhook_deliveries AS d
        JOIN webhook_events AS e ON e.id = d.event_id
        JOIN api_keys AS k ON k.id = d.key_id
      """;

  /** The holder may be null and then does not matter. */
  private static final String IN_REACH =
      """
       WHERE k.id = $1::uuid AND k.kind = $2::text AND k.organization_id = $3::uuid
         AND ($4::uuid IS NULL OR coalesce(k.service_account_id, k.created_by) = $4::uuid)
      """;

  private static final String OF_KEY_IN_REACH = OF_KEY + IN_REACH;

  private static final String LIST =
      """
      SELECT page.id, page.event_id, page.event, page.status, page.attempts, page.created_at,
             page.next_attempt_at,
      """
          + ATTEMPT_COLUMNS
          + " FROM ("
          + COLUMNS
          + OF_KEY_IN_REACH
          + """
                AND ($5::text IS NULL OR d.status = $5::text)
              ORDER BY d.created_at DESC, d.id LIMIT $6::integer OFFSET $7::integer) AS page
            LEFT JOIN LATERAL (
              SELECT delivery_id, attempted_at, url, http_status, millis, failure, answer, headers
                FROM webhook_attempts WHERE delivery_id = page.id
               ORDER BY claim DESC LIMIT 1) AS a ON true
           ORDER BY page.created_at DESC, page.id
          """;

  private static final String FIND =
      COLUMNS + ", e.body" + OF_KEY_IN_REACH + " AND d.id = $5::uuid";

  private static final String HISTORY =
      "SELECT "
          + ATTEMPT_COLUMNS
          + " FROM webhook_attempts AS a WHERE a.delivery_id = $1::uuid ORDER BY a.claim DESC";

  /** What was a rotated key's goes where its webhook has gone. */
  private static final String REPLAY =
      """
      WITH chosen AS (
        SELECT d.id, lower(substring(heir.webhook_url FROM '^[^:]+://[^/?#]+')) AS destination
      """
          + OF_KEY
          + """
            JOIN api_keys AS heir ON heir.id = CASE WHEN k.webhook_url IS NULL
                                                    THEN coalesce(k.successor_id, k.id)
                                                    ELSE k.id END
            JOIN accounts AS a ON a.id = heir.created_by
          """
          + IN_REACH
          + """
             AND heir.webhook_url IS NOT NULL AND heir.revoked_at IS NULL
             AND (heir.revoke_after IS NULL OR heir.revoke_after > clock_timestamp())
             AND (heir.expires_at IS NULL OR heir.expires_at > clock_timestamp())
             AND a.disabled_at IS NULL
             AND ($5::uuid IS NULL OR d.id = $5::uuid)
             AND ($6::text IS NULL OR d.status = $6::text)
             AND ($7::timestamptz IS NULL OR d.created_at >= $7::timestamptz)
             AND ($8::timestamptz IS NULL OR d.created_at < $8::timestamptz)
             AND (d.claimed_by IS NULL OR d.due_at <= clock_timestamp())
           ORDER BY d.created_at, d.id LIMIT $9::integer
             FOR UPDATE OF d),
          replayed AS (
            UPDATE webhook_deliveries AS d
               SET status = 'pending', attempts = 0, due_at = clock_timestamp(),
                   claim = d.claim + 1, claimed_by = NULL,
                   destination = coalesce(chosen.destination, d.destination)
              FROM chosen WHERE d.id = chosen.id
            RETURNING d.id)
          SELECT (SELECT count(*) FROM replayed) AS replayed,
                 (SELECT pg_notify('maglatch_webhooks', '')::text
                   WHERE EXISTS (SELECT 1 FROM replayed)) AS notified
          """;

  private static final String FIND_KEY =
      KeyRows.SELECT
          + """
             WHERE k.id = $1::uuid AND k.kind = $2::text AND k.organization_id = $3::uuid
               AND ($4::uuid IS NULL OR coalesce(k.service_account_id, k.created_by) = $4::uuid)
            """;

  private final Database database;

  public PgDeliveryBook(Database database) {
    this.database = requireNonNull(database, "database");
  }

  @Override
  public Future<List<DeliveryRecord>> list(
      KeyReach reach, UUID keyId, @Nullable String status, Page page) {
    Tuple values = inReach(reach, keyId);
    values.addString(status).addInteger(page.limit()).addInteger(page.offset());
    return database.query(
        client ->
            client
                .preparedQuery(LIST)
                .execute(values)
                .map(rows -> all(rows, PgDeliveryBook::listed)));
  }

  @Override
  public Future<@Nullable DeliveryRecord> find(KeyReach reach, UUID keyId, UUID id) {
    Tuple values = inReach(reach, keyId).addUUID(id);
    return database.query(
        client ->
            first(client, FIND, values)
                .compose(row -> row == null ? Future.succeededFuture() : whole(client, row)));
  }

  private static Future<@Nullable DeliveryRecord> whole(SqlClient client, Row row) {
    return client
        .preparedQuery(HISTORY)
        .execute(Tuple.of(row.getUUID("id")))
        .map(rows -> read(row, row.getString("body"), all(rows, PgDeliveryBook::attempt)));
  }

  @Override
  public Future<Integer> replay(KeyReach reach, UUID keyId, Selection selection, Actor actor) {
    return database.transaction(
        connection ->
            key(connection, reach, keyId)
                .compose(
                    key ->
                        key == null
                            ? Future.succeededFuture(0)
                            : replay(connection, reach, key, selection, actor)));
  }

  private static Future<Integer> replay(
      SqlConnection connection, KeyReach reach, KeyRecord key, Selection selection, Actor actor) {
    Tuple values = inReach(reach, key.id());
    values.addUUID(selection.id()).addString(selection.status());
    values.addOffsetDateTime(time(selection.from()));
    values.addOffsetDateTime(time(selection.until()));
    values.addInteger(selection.max());
    return connection
        .preparedQuery(REPLAY)
        .execute(values)
        .map(rows -> rows.iterator().next().getInteger("replayed"))
        .compose(
            count ->
                count == 0
                    ? Future.succeededFuture(0)
                    : AuditTrail.write(connection, actor, replayed(key, selection, count))
                        .map(count));
  }

  private static AuditTrail.Entry replayed(KeyRecord key, Selection selection, int count) {
    AuditTrail.Entry entry = AuditTrail.Entry.of(key, "webhook.replayed").with("deliveries", count);
    return selection.id() == null ? entry : entry.with("delivery_id", selection.id().toString());
  }

  @Override
  public Future<@Nullable UUID> test(KeyReach reach, UUID keyId, Actor actor) {
    return database.transaction(
        connection ->
            key(connection, reach, keyId)
                .compose(
                    key -> key == null ? Future.succeededFuture() : test(connection, key, actor)));
  }

  private static Future<@Nullable UUID> test(SqlConnection connection, KeyRecord key, Actor actor) {
    return KeyEvents.writeToItself(connection, key, actor, "webhook.test")
        .map(written -> written == null ? null : written.deliveryId())
        .compose(
            id ->
                id == null
                    ? Future.succeededFuture()
                    : AuditTrail.write(
                            connection,
                            actor,
                            AuditTrail.Entry.of(key, "webhook.tested")
                                .with("delivery_id", id.toString()))
                        .map(id));
  }

  private static Future<@Nullable KeyRecord> key(SqlClient client, KeyReach reach, UUID id) {
    return first(client, FIND_KEY, inReach(reach, id))
        .map(row -> row == null ? null : KeyRows.read(row));
  }

  private static Future<@Nullable Row> first(SqlClient client, String sql, Tuple values) {
    return client
        .preparedQuery(sql)
        .execute(values)
        .map(
            rows -> {
              RowIterator<Row> row = rows.iterator();
              return row.hasNext() ? row.next() : null;
            });
  }

  private static Tuple inReach(KeyReach reach, UUID keyId) {
    return Tuple.of(keyId, reach.kind().text(), reach.organizationId(), reach.holderId());
  }

  private static <T> List<T> all(RowSet<Row> rows, Function<Row, T> read) {
    List<T> all = new ArrayList<>(rows.size());
    rows.forEach(row -> all.add(read.apply(row)));
    return all;
  }

  private static DeliveryRecord listed(Row row) {
    boolean attempted = row.getOffsetDateTime("attempted_at") != null;
    return read(row, null, attempted ? List.of(attempt(row)) : List.of());
  }

  private static DeliveryRecord read(Row row, @Nullable String body, List<Attempt> history) {
    return new DeliveryRecord(
        row.getUUID("id"),
        row.getUUID("event_id"),
        row.getString("event"),
        row.getString("status"),
        row.getInteger("attempts"),
        row.getOffsetDateTime("created_at").toInstant(),
        instant(row, "next_attempt_at"),
        history,
        body);
  }

  private static Attempt attempt(Row row) {
    return new Attempt(
        row.getOffsetDateTime("attempted_at").toInstant(),
        row.getString("url"),
        row.getInteger("http_status"),
        row.getInteger("millis"),
        row.getString("failure"),
        row.getString("answer"),
        headers((JsonObject) row.getValue("headers")));
  }

  private static @Nullable Map<String, String> headers(@Nullable JsonObject stored) {
    if (stored == null) {
      return null;
    }
    Map<String, String> headers = new LinkedHashMap<>();
    stored.forEach(header -> headers.put(header.getKey(), String.valueOf(header.getValue())));
    return headers;
  }

  private static @Nullable Instant instant(Row row, String column) {
    OffsetDateTime time = row.getOffsetDateTime(column);
    return time == null ? null : time.toInstant();
  }

  private static @Nullable OffsetDateTime time(@Nullable Instant instant) {
    return instant == null ? null : instant.atOffset(ZoneOffset.UTC);
  }
}
