// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.postgres;

import dev.maglatch.key.KeyKind;
import dev.maglatch.key.Principal;
import dev.maglatch.key.TokenHash;
import dev.maglatch.verify.KeyStore;
import dev.maglatch.verify.StoredKey;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.Tuple;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Looks keys up by hash on one pipelined connection of its own. */
public final class PgKeyStore implements KeyStore {
  private static final int PIPELINED = 256;

  private static final String FIND =
      """
      SELECT k.id, k.kind, k.organization_id, k.user_id, k.service_account_id, k.scope, k.key_hash,
             k.expires_at, k.revoked_at, k.revoke_after,
             k.allowed_ips, k.rate_limit, k.rate_limit_window,
             coalesce(a.role = 'owner', false) AS owner,
             a.disabled_at IS NOT NULL OR s.disabled_at IS NOT NULL AS owner_disabled,
             s.permissions
        FROM api_keys k
        LEFT JOIN accounts a ON a.id = k.user_id
        LEFT JOIN service_accounts s ON s.id = k.service_account_id
       WHERE k.key_hash = ANY ($1::bytea[])
      """;

  private static final String REHASH =
      """
      UPDATE api_keys SET key_hash = $3::bytea, pepper = $4::text
       WHERE id = $1::uuid AND key_hash = $2::bytea
      """;

  private final SteadyConnection connection;

  /**
   * @param timeout how long a lookup may take before it counts as undecided
   */
  public PgKeyStore(Vertx vertx, PgConnectOptions options, Duration timeout) {
    PgConnectOptions pipelined =
        new PgConnectOptions(options)
            .setPipeliningLimit(PIPELINED)
            .setCachePreparedStatements(true);
    this.connection =
        new SteadyConnection(vertx, pipelined, timeout, SteadyConnection::requirePrimary);
  }

  @Override
  public Future<Optional<StoredKey>> find(List<TokenHash> candidates) {
    Tuple hashes = Tuple.tuple().addArrayOfBuffer(buffers(candidates));
    return connection
        .use(open -> open.preparedQuery(FIND).execute(hashes))
        .map(PgKeyStore::firstOf);
  }

  @Override
  public Future<Void> rehash(UUID keyId, TokenHash from, TokenHash to, String pepper) {
    Tuple arguments = Tuple.of(keyId, buffer(from), buffer(to), pepper);
    return connection.use(open -> open.preparedQuery(REHASH).execute(arguments)).mapEmpty();
  }

  /** Lets the next lookup connect anew. */
  public void reconnect() {
    connection.reconnect();
  }

  public Future<Void> close() {
    return connection.close();
  }

  private static Optional<StoredKey> firstOf(RowSet<Row> rows) {
    return rows.size() == 0 ? Optional.empty() : Optional.of(read(rows.iterator().next()));
  }

  /** A row that cannot be understood fails its own key alone, as undecided. */
  static StoredKey read(Row row) {
    Cells cells = new Cells("api_keys", "id", row);
    return new StoredKey(
        principal(cells),
        cells.get("key_hash", cell -> TokenHash.of(cell.getBuffer("key_hash").getBytes())),
        cells.timeOrNull("expires_at"),
        cells.timeOrNull("revoked_at"),
        cells.timeOrNull("revoke_after"),
        cells.flag("owner_disabled"));
  }

  private static Principal principal(Cells cells) {
    KeyKind kind = KeyRows.kind(cells);
    UUID serviceAccount = cells.uuidOrNull("service_account_id");
    List<String> permissions = cells.textsOrNull("permissions");
    return new Principal(
        Principal.Method.API_KEY,
        cells.uuid("id"),
        kind,
        serviceAccount == null ? cells.uuid("user_id") : cells.uuidOrNull("user_id"),
        cells.uuid("organization_id"),
        serviceAccount,
        cells.get("scope", cell -> scopes(kind, cell.getString("scope"))),
        permissions == null ? List.of() : permissions,
        null,
        cells.flag("owner"),
        KeyRows.policy(cells));
  }

  private static Set<String> scopes(KeyKind kind, @Nullable String scope) {
    return switch (kind) {
      case MGP -> Set.of();
      case MP -> Set.of(Principal.SCOPE_MCP);
      case ORG -> organizationScopes(scope);
    };
  }

  private static Set<String> organizationScopes(@Nullable String scope) {
    return switch (String.valueOf(scope)) {
      case Principal.SCOPE_READ -> Set.of(Principal.SCOPE_READ);
      case Principal.SCOPE_READ_WRITE -> Set.of(Principal.SCOPE_READ, Principal.SCOPE_READ_WRITE);
      default ->
          throw new IllegalArgumentException("scope: " + scope + " (expected: read, read-write)");
    };
  }

  static Buffer[] buffers(List<TokenHash> hashes) {
    return hashes.stream().map(PgKeyStore::buffer).toArray(Buffer[]::new);
  }

  private static Buffer buffer(TokenHash hash) {
    return Buffer.buffer(hash.bytes());
  }
}
