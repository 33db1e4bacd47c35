// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.postgres;

import static java.util.concurrent.TimeUnit.MILLISECONDS;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.net.NetClientOptions;
import io.vertx.pgclient.PgBuilder;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.pgclient.PgException;
import io.vertx.sqlclient.SqlClient;
import java.time.Duration;

/** Which state the schema is in, found out with one query and without Flyway. */
public final class SchemaVersion {
  /** The newest migration in this build. */
  public static final int LATEST = 3;

  private static final String UNDEFINED_TABLE = "42P01";
  private static final String READ =
      "SELECT coalesce(max(version::integer), 0) FROM schema_history WHERE success";

  private SchemaVersion() {}

  /**
   * Returns the newest migration applied to the database; 0 if there is none. A newer one than
   * {@link #LATEST} belongs to a later release: migrations only add, so this build works with it.
   *
   * @param timeout for connecting and for the answer
   */
  public static Future<Integer> read(Vertx vertx, PgConnectOptions options, Duration timeout) {
    SqlClient client =
        PgBuilder.client().with(transport(timeout)).connectingTo(options).using(vertx).build();
    return client
        .query(READ)
        .execute()
        .map(rows -> rows.iterator().next().getInteger(0))
        .recover(SchemaVersion::noneYet)
        .timeout(timeout.toMillis(), MILLISECONDS)
        .onComplete(done -> client.close());
  }

  /** A server that accepts and then says nothing must not keep a socket for every question. */
  private static NetClientOptions transport(Duration timeout) {
    return new NetClientOptions()
        .setConnectTimeout((int) timeout.toMillis())
        .setReadIdleTimeout((int) timeout.toMillis())
        .setIdleTimeoutUnit(MILLISECONDS);
  }

  private static Future<Integer> noneYet(Throwable failure) {
    return failure instanceof PgException refused && UNDEFINED_TABLE.equals(refused.getSqlState())
        ? Future.succeededFuture(0)
        : Future.failedFuture(failure);
  }
}
