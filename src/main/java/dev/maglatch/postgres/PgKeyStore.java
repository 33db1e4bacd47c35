// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.postgres;

import dev.maglatch.fault.Fault;
import dev.maglatch.key.KeyKind;
import dev.maglatch.key.KeyPolicy;
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
import java.time.Instant;
import java.time.OffsetDateTime;
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

  public Future<Void> close() {
    return connection.close();
  }

  private static Optional<StoredKey> firstOf(RowSet<Row> rows) {
    return rows.size() == 0 ? Optional.empty() : Optional.of(read(rows.iterator().next()));
  }

  /** A row that cannot be understood fails its own key alone, as undecided. */
  private static StoredKey read(Row row) {
    try {
      return new StoredKey(
          principal(row),
          TokenHash.of(row.getBuffer("key_hash").getBytes()),
          instant(row.getOffsetDateTime("expires_at")),
          instant(row.getOffsetDateTime("revoked_at")),
          instant(row.getOffsetDateTime("revoke_after")),
          row.getBoolean("owner_disabled"));
    } catch (RuntimeException unreadable) {
      throw Fault.of(
          Fault.Code.STORE_UNAVAILABLE,
          "api_keys row " + row.getUUID("id") + " cannot be understood: " + unreadable,
          unreadable);
    }
  }

  private static Principal principal(Row row) {
    KeyKind kind = KeyKind.of(row.getString("kind"));
    String[] permissions = row.getArrayOfStrings("permissions");
    return new Principal(
        Principal.Method.API_KEY,
        row.getUUID("id"),
        kind,
        row.getUUID("user_id"),
        row.getUUID("organization_id"),
        row.getUUID("service_account_id"),
        scopes(kind, row.getString("scope")),
        permissions == null ? List.of() : List.of(permissions),
        null,
        row.getBoolean("owner"),
        policy(row));
  }

  private static Set<String> scopes(KeyKind kind, @Nullable String scope) {
    return switch (kind) {
      case MGP -> Set.of();
      case MP -> Set.of(Principal.SCOPE_MCP);
      case ORG ->
          Principal.SCOPE_READ_WRITE.equals(scope)
              ? Set.of(Principal.SCOPE_READ, Principal.SCOPE_READ_WRITE)
              : Set.of(Principal.SCOPE_READ);
    };
  }

  private static KeyPolicy policy(Row row) {
    String[] allowed = row.getArrayOfStrings("allowed_ips");
    Integer limit = row.getInteger("rate_limit");
    Integer window = row.getInteger("rate_limit_window");
    if (allowed == null && limit == null) {
      return KeyPolicy.NONE;
    }
    return new KeyPolicy(
        allowed == null ? null : List.of(allowed),
        limit == null || window == null ? null : new KeyPolicy.RateLimit(limit, window));
  }

  private static @Nullable Instant instant(@Nullable OffsetDateTime time) {
    return time == null ? null : time.toInstant();
  }

  private static Buffer[] buffers(List<TokenHash> hashes) {
    return hashes.stream().map(PgKeyStore::buffer).toArray(Buffer[]::new);
  }

  private static Buffer buffer(TokenHash hash) {
    return Buffer.buffer(hash.bytes());
  }
}
