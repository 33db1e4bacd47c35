// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.postgres;

import dev.maglatch.session.SessionAccount;
import dev.maglatch.session.SessionLookup.Standing;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** What the statements about sessions have in common. */
final class SessionRows {
  /** The columns of {@code accounts AS a} that {@link #account} reads. */
  static final String ACCOUNT =
      """
      a.id AS account_id, a.email, a.user_record_id, a.organization_id,
      a.role = 'owner' AS owner, a.password_hash, a.disabled_at IS NOT NULL AS disabled,
      a.created_at AS account_created_at, a.updated_at AS account_updated_at
      """;

  /** The beginning of a statement that {@link #standing} reads. */
  static final String STANDING =
      "SELECT f.id, f.ended_at IS NOT NULL AS over, "
          + ACCOUNT
          + " FROM session_families AS f JOIN accounts AS a ON a.id = f.account_id ";

  private SessionRows() {}

  static SessionAccount account(Row row) {
    Cells cells = new Cells("accounts", "account_id", row);
    return new SessionAccount(
        cells.uuid("account_id"),
        cells.text("email"),
        cells.text("user_record_id"),
        cells.uuid("organization_id"),
        cells.flag("owner"),
        cells.textOrNull("password_hash"),
        cells.flag("disabled"),
        cells.time("account_created_at"),
        cells.time("account_updated_at"));
  }

  /** Returns the only account, or null if there is none. */
  static @Nullable SessionAccount onlyAccount(RowSet<Row> rows) {
    Row row = only(rows);
    return row == null ? null : account(row);
  }

  /** Returns the only family, or null if there is none. */
  static @Nullable Standing standing(RowSet<Row> rows) {
    Row row = only(rows);
    return row == null
        ? null
        : new Standing(row.getUUID("id"), account(row), row.getBoolean("over"));
  }

  static Instant instant(Row row, String column) {
    return row.getOffsetDateTime(column).toInstant();
  }

  /** Returns the only row, or null if there is none. */
  static @Nullable Row only(RowSet<Row> rows) {
    return rows.iterator().hasNext() ? rows.iterator().next() : null;
  }
}
