// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.postgres;

import static java.util.Objects.requireNonNull;

import dev.maglatch.key.TokenHash;
import dev.maglatch.verify.KeyHistories;
import dev.maglatch.verify.KeyHistory;
import io.vertx.core.Future;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.Tuple;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** Reads keys as {@link PgKeyStore} does, and since when things about them are as they are. */
public final class PgKeyHistories implements KeyHistories {
  private static final String SELECT =
      """
      SELECT k.id, k.kind, k.organization_id, k.user_id, k.service_account_id, k.scope, k.key_hash,
             k.expires_at, k.revoked_at, k.revoke_after,
             k.allowed_ips, k.rate_limit, k.rate_limit_window,
             coalesce(a.role = 'owner', false) AS owner,
             a.disabled_at IS NOT NULL OR s.disabled_at IS NOT NULL AS owner_disabled,
             s.permissions, k.key_prefix, k.created_at,
             a.disabled_at AS account_disabled_at,
             s.disabled_at AS service_account_disabled_at
        FROM api_keys k
        LEFT JOIN accounts a ON a.id = k.user_id
        LEFT JOIN service_accounts s ON s.id = k.service_account_id
      """;

  private static final String BY_ID = SELECT + " WHERE k.id = $1::uuid";
  private static final String BY_HASH = SELECT + " WHERE k.key_hash = ANY ($1::bytea[])";

  private final Database database;

  public PgKeyHistories(Database database) {
    this.database = requireNonNull(database, "database");
  }

  @Override
  public Future<Optional<KeyHistory>> find(UUID keyId) {
    return first(BY_ID, Tuple.of(keyId));
  }

  @Override
  public Future<Optional<KeyHistory>> find(List<TokenHash> candidates) {
    return first(BY_HASH, Tuple.tuple().addArrayOfBuffer(PgKeyStore.buffers(candidates)));
  }

  private Future<Optional<KeyHistory>> first(String sql, Tuple values) {
    return database.query(
        client -> client.preparedQuery(sql).execute(values).map(PgKeyHistories::firstOf));
  }

  private static Optional<KeyHistory> firstOf(RowSet<Row> rows) {
    return rows.size() == 0 ? Optional.empty() : Optional.of(read(rows.iterator().next()));
  }

  private static KeyHistory read(Row row) {
    Cells cells = new Cells("api_keys", "id", row);
    return new KeyHistory(
        PgKeyStore.read(row),
        cells.text("key_prefix"),
        cells.time("created_at"),
        cells.timeOrNull("account_disabled_at"),
        cells.timeOrNull("service_account_disabled_at"));
  }
}
