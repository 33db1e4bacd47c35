// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.postgres;

import static java.util.Objects.requireNonNull;

import dev.maglatch.usage.HourlyRequests;
import dev.maglatch.usage.UsageHistory;
import io.vertx.core.Future;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.Tuple;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.UUID;

/** The rows of {@code key_usage_hours}. */
public final class PgUsageHistory implements UsageHistory {
  private static final String LIST =
      """
      SELECT key_id, hour, requests
        FROM key_usage_hours
       WHERE key_id = ANY ($1::uuid[]) AND hour >= $2::timestamptz
       ORDER BY hour
      """;

  private final Database database;

  public PgUsageHistory(Database database) {
    this.database = requireNonNull(database, "database");
  }

  @Override
  public Future<List<HourlyRequests>> since(List<UUID> keys, Instant from) {
    if (keys.isEmpty()) {
      return Future.succeededFuture(List.of());
    }
    Tuple values = Tuple.of(keys.toArray(UUID[]::new), from.atOffset(ZoneOffset.UTC));
    return database.query(
        client ->
            client
                .preparedQuery(LIST)
                .execute(values)
                .map(rows -> Cells.readable(rows, PgUsageHistory::read)));
  }

  private static HourlyRequests read(Row row) {
    Cells cells = new Cells("key_usage_hours", "key_id", row);
    return new HourlyRequests(
        cells.uuid("key_id"),
        cells.time("hour"),
        cells.get("requests", r -> r.getLong("requests")));
  }
}
