// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.postgres;

import static java.util.Objects.requireNonNull;

import dev.maglatch.manage.Actor;
import dev.maglatch.manage.DeliveryBook;
import dev.maglatch.manage.DeliveryRecord;
import dev.maglatch.manage.DeliveryRecord.LastAttempt;
import dev.maglatch.manage.KeyReach;
import dev.maglatch.manage.Page;
import io.vertx.core.Future;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowIterator;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Deliveries in {@code webhook_deliveries}, for the owners of the keys. */
public final class PgDeliveryBook implements DeliveryBook {
  private static final String COLUMNS =
      """
      SELECT d.id, d.event_id, e.event, d.status, d.attempts, d.created_at,
             CASE WHEN d.claimed_by IS NULL THEN d.due_at END AS next_attempt_at,
             d.attempted_at, d.url, d.http_status, d.millis, d.failure, d.answer,
      """;

  /** The holder may be null and then does not matter. */
  private static final String OF_KEY_IN_REACH =
      """
        FROM webhook_deliveries AS d
        JOIN webhook_events AS e ON e.id = d.event_id
        JOIN api_keys AS k ON k.id = d.key_id
       WHERE k.id = $1::uuid AND k.kind = $2::text AND k.organization_id = $3::uuid
         AND ($4::uuid IS NULL OR coalesce(k.service_account_id, k.created_by) = $4::uuid)
      """;

  private static final String LIST =
      COLUMNS
          + "NULL::text AS body"
          + OF_KEY_IN_REACH.indent(1)
          + """
             AND ($5::text IS NULL OR d.status = $5::text)
           ORDER BY d.created_at DESC, d.id LIMIT $6::integer OFFSET $7::integer
          """;

  private static final String FIND =
      COLUMNS + "e.body" + OF_KEY_IN_REACH.indent(1) + " AND d.id = $5::uuid";

  private static final String REPLAY =
      """
      WITH chosen AS (
        SELECT d.id, lower(substring(k.webhook_url FROM '^[^:]+://[^/?#]+')) AS destination
      """
          + OF_KEY_IN_REACH
          + """
             AND k.webhook_url IS NOT NULL AND k.revoked_at IS NULL
             AND (k.revoke_after IS NULL OR k.revoke_after > clock_timestamp())
             AND (k.expires_at IS NULL OR k.expires_at > clock_timestamp())
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
        client -> client.preparedQuery(LIST).execute(values).map(PgDeliveryBook::all));
  }

  @Override
  public Future<@Nullable DeliveryRecord> find(KeyReach reach, UUID keyId, UUID id) {
    Tuple values = inReach(reach, keyId).addUUID(id);
    return database.query(
        client ->
            client
                .preparedQuery(FIND)
                .execute(values)
                .map(
                    rows -> {
                      RowIterator<Row> row = rows.iterator();
                      return row.hasNext() ? read(row.next()) : null;
                    }));
  }

  @Override
  public Future<Integer> replay(KeyReach reach, UUID keyId, Selection selection) {
    Tuple values = inReach(reach, keyId);
    values.addUUID(selection.id()).addString(selection.status());
    values.addOffsetDateTime(time(selection.from()));
    values.addOffsetDateTime(time(selection.until()));
    values.addInteger(selection.max());
    return database.query(
        client ->
            client
                .preparedQuery(REPLAY)
                .execute(values)
                .map(rows -> rows.iterator().next().getInteger("replayed")));
  }

  @Override
  public Future<@Nullable UUID> test(KeyReach reach, UUID keyId, Actor actor) {
    return database.transaction(connection -> test(connection, inReach(reach, keyId), actor));
  }

  private static Future<@Nullable UUID> test(SqlClient connection, Tuple inReach, Actor actor) {
    return connection
        .preparedQuery(FIND_KEY)
        .execute(inReach)
        .compose(
            rows -> {
              RowIterator<Row> row = rows.iterator();
              return row.hasNext()
                  ? KeyEvents.writeToItself(
                          connection, KeyRows.read(row.next()), actor, "webhook.test")
                      .map(written -> written == null ? null : written.deliveryId())
                  : Future.succeededFuture();
            });
  }

  private static Tuple inReach(KeyReach reach, UUID keyId) {
    return Tuple.of(keyId, reach.kind().text(), reach.organizationId(), reach.holderId());
  }

  private static List<DeliveryRecord> all(RowSet<Row> rows) {
    List<DeliveryRecord> deliveries = new ArrayList<>(rows.size());
    rows.forEach(row -> deliveries.add(read(row)));
    return deliveries;
  }

  private static DeliveryRecord read(Row row) {
    return new DeliveryRecord(
        row.getUUID("id"),
        row.getUUID("event_id"),
        row.getString("event"),
        row.getString("status"),
        row.getInteger("attempts"),
        row.getOffsetDateTime("created_at").toInstant(),
        instant(row, "next_attempt_at"),
        last(row),
        row.getString("body"));
  }

  private static @Nullable LastAttempt last(Row row) {
    Instant at = instant(row, "attempted_at");
    String failure = row.getString("failure");
    return at == null && failure == null
        ? null
        : new LastAttempt(
            at,
            row.getString("url"),
            row.getInteger("http_status"),
            row.getInteger("millis"),
            failure,
            row.getString("answer"));
  }

  private static @Nullable Instant instant(Row row, String column) {
    OffsetDateTime time = row.getOffsetDateTime(column);
    return time == null ? null : time.toInstant();
  }

  private static @Nullable OffsetDateTime time(@Nullable Instant instant) {
    return instant == null ? null : instant.atOffset(ZoneOffset.UTC);
  }
}
