// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.postgres;

import dev.maglatch.session.SessionAccount;
import dev.maglatch.session.SessionLookup;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.Tuple;
import java.time.Duration;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Looks sessions up on one pipelined connection of its own. */
public final class PgSessionLookup implements SessionLookup {
  private static final int PIPELINED = 256;

  private static final String STANDING =
      SessionRows.STANDING + "WHERE f.id = $1::uuid AND f.kind = 'token'";

  private static final String BY_SUBJECT =
      "SELECT "
          + SessionRows.ACCOUNT
          + " FROM accounts AS a WHERE a.issuer = $1::text AND a.subject = $2::text";

  private final SteadyConnection connection;

  /**
   * @param timeout how long a lookup may take before it counts as undecided
   */
  public PgSessionLookup(Vertx vertx, PgConnectOptions options, Duration timeout) {
    PgConnectOptions pipelined =
        new PgConnectOptions(options)
            .setPipeliningLimit(PIPELINED)
            .setCachePreparedStatements(true);
    this.connection =
        new SteadyConnection(vertx, pipelined, timeout, SteadyConnection::requirePrimary);
  }

  @Override
  public Future<@Nullable Standing> standing(UUID family) {
    return find(STANDING, Tuple.of(family)).map(SessionRows::standing);
  }

  @Override
  public Future<@Nullable SessionAccount> bySubject(String issuer, String subject) {
    return find(BY_SUBJECT, Tuple.of(issuer, subject)).map(SessionRows::onlyAccount);
  }

  /** Lets the next lookup connect anew. */
  public void reconnect() {
    connection.reconnect();
  }

  public Future<Void> close() {
    return connection.close();
  }

  private Future<RowSet<Row>> find(String sql, Tuple parameters) {
    return connection.use(open -> open.preparedQuery(sql).execute(parameters));
  }
}
