// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.postgres;

import static java.util.Objects.requireNonNull;

import dev.maglatch.key.KeyKind;
import dev.maglatch.manage.KeyCatalog;
import dev.maglatch.manage.Page;
import io.vertx.core.Future;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.Tuple;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Looks through {@code api_keys}. */
public final class PgKeyCatalog implements KeyCatalog {
  private static final String VISIBLE =
      KeyRows.SELECT
          + """
             WHERE k.organization_id = $1::uuid
               AND (k.created_by = $2::uuid AND k.service_account_id IS NULL
                    OR k.kind = 'org' AND $3::boolean)
            """;

  private static final String FITTING =
      """
       WHERE ($4::text = ''
              OR position(lower($4::text) IN lower(concat_ws(' ', found.name, found.description, found.key_prefix))) > 0)
         AND ($5::text IS NULL OR found.kind = $5::text)
         AND CASE $6::text
               WHEN 'ACTIVE' THEN found.active AND NOT found.suspended AND NOT found.ends_soon
               WHEN 'EXPIRING' THEN found.active AND NOT found.suspended AND found.ends_soon
               WHEN 'SUSPENDED' THEN found.active AND found.suspended
               WHEN 'EXPIRED' THEN NOT found.active AND found.revoked_at IS NULL
               WHEN 'REVOKED' THEN found.revoked_at IS NOT NULL
               WHEN 'LIMITED' THEN found.active AND found.rate_limit IS NOT NULL
                    AND EXISTS (SELECT 1 FROM webhook_notices AS n
                                 WHERE n.key_id = found.id AND n.event = 'api_key.limit_reached'
                                   AND n.occasion > clock_timestamp())
               ELSE true
             END
      """;

  private static final String SEARCH =
      "SELECT found.*, count(*) OVER () AS total FROM (SELECT seen.*,"
          + " (seen.revoke_after IS NOT NULL"
          + " OR coalesce(seen.expires_at < clock_timestamp() + interval '7 days', false))"
          + " AS ends_soon FROM ("
          + VISIBLE
          + ") AS seen) AS found "
          + FITTING;

  private static final String PART =
      ", found.created_at DESC, found.id LIMIT $7::integer OFFSET $8::integer";

  private static final String REQUESTS =
      """
      SELECT used.hour, sum(used.requests)::bigint AS requests
        FROM key_usage_hours AS used
        JOIN api_keys AS k ON k.id = used.key_id
       WHERE k.organization_id = $1::uuid
         AND (k.created_by = $2::uuid AND k.service_account_id IS NULL
              OR k.kind = 'org' AND $3::boolean)
         AND used.hour >= $4::timestamptz
       GROUP BY used.hour
       ORDER BY used.hour
      """;

  private static final String LIMITED =
      """
      SELECT key_id, max(occasion) AS occasion
        FROM webhook_notices
       WHERE key_id = ANY ($1::uuid[]) AND event = 'api_key.limit_reached'
         AND occasion > clock_timestamp()
       GROUP BY key_id
      """;

  private final Database database;

  public PgKeyCatalog(Database database) {
    this.database = requireNonNull(database, "database");
  }

  @Override
  public Future<Found> search(Viewer viewer, Filter filter, Order order, Page page) {
    KeyKind kind = filter.kind();
    State state = filter.state();
    Tuple values =
        Tuple.tuple()
            .addUUID(viewer.organizationId())
            .addUUID(viewer.accountId())
            .addBoolean(viewer.owner())
            .addString(filter.text())
            .addString(text(kind))
            .addString(state == null ? null : state.name())
            .addInteger(page.limit())
            .addInteger(page.offset());
    String sql = SEARCH + orderBy(order) + PART;
    return database.query(
        client -> client.preparedQuery(sql).execute(values).map(PgKeyCatalog::found));
  }

  @Override
  public Future<List<Hour>> requests(Viewer viewer, Instant from) {
    Tuple values =
        Tuple.of(
            viewer.organizationId(),
            viewer.accountId(),
            viewer.owner(),
            from.atOffset(ZoneOffset.UTC));
    return database.query(
        client ->
            client
                .preparedQuery(REQUESTS)
                .execute(values)
                .map(rows -> Cells.readable(rows, PgKeyCatalog::hour)));
  }

  @Override
  public Future<Map<UUID, Instant>> limited(List<UUID> keys) {
    if (keys.isEmpty()) {
      return Future.succeededFuture(Map.of());
    }
    Tuple values = Tuple.of(keys.toArray(UUID[]::new));
    return database.query(
        client -> client.preparedQuery(LIMITED).execute(values).map(PgKeyCatalog::windows));
  }

  private static Map<UUID, Instant> windows(RowSet<Row> rows) {
    Map<UUID, Instant> windows = new HashMap<>();
    for (Row row : rows) {
      windows.put(row.getUUID("key_id"), row.getOffsetDateTime("occasion").toInstant());
    }
    return windows;
  }

  private static Hour hour(Row row) {
    Cells cells = new Cells("key_usage_hours", "hour", row);
    return new Hour(cells.time("hour"), cells.get("requests", r -> r.getLong("requests")));
  }

  private static @Nullable String text(@Nullable KeyKind kind) {
    return kind == null ? null : kind.text();
  }

  /** Keys without a value come last, whichever way. */
  private static String orderBy(Order order) {
    String column =
        switch (order.by()) {
          case NAME -> "lower(found.name)";
          case CREATED -> "found.created_at";
          case USED -> "found.last_used_at";
          case EXPIRES -> "found.expires_at";
        };
    return " ORDER BY " + column + (order.descending() ? " DESC" : " ASC") + " NULLS LAST";
  }

  private static Found found(RowSet<Row> rows) {
    long total = rows.size() == 0 ? 0 : rows.iterator().next().getLong("total");
    return new Found(Cells.readable(rows, KeyRows::read), total);
  }
}
