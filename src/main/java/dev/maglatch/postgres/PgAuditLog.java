// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.postgres;

import static java.util.Objects.requireNonNull;

import dev.maglatch.manage.AuditLog;
import dev.maglatch.manage.AuditRecord;
import dev.maglatch.manage.Page;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.Tuple;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/** The rows of {@code audit}, as {@link AuditTrail} wrote them. */
public final class PgAuditLog implements AuditLog {
  private static final String LIST =
      """
      SELECT id, occurred_at, actor, credential, address, action, entity, entity_id, detail
        FROM audit
       WHERE organization_id = $1::uuid
       ORDER BY id DESC
       LIMIT $2::integer OFFSET $3::integer
      """;

  private final Database database;

  public PgAuditLog(Database database) {
    this.database = requireNonNull(database, "database");
  }

  @Override
  public Future<List<AuditRecord>> list(UUID organizationId, Page page) {
    Tuple values = Tuple.of(organizationId, page.limit(), page.offset());
    return database.query(
        client -> client.preparedQuery(LIST).execute(values).map(PgAuditLog::all));
  }

  private static List<AuditRecord> all(RowSet<Row> rows) {
    List<AuditRecord> records = new ArrayList<>(rows.size());
    rows.forEach(row -> records.add(read(row)));
    return records;
  }

  private static AuditRecord read(Row row) {
    return new AuditRecord(
        row.getLong("id"),
        row.getOffsetDateTime("occurred_at").toInstant(),
        row.getString("actor"),
        row.getString("credential"),
        row.getString("address"),
        row.getString("action"),
        row.getString("entity"),
        row.getString("entity_id"),
        row.get(JsonObject.class, "detail"));
  }
}
