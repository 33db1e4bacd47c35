// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.postgres;

import dev.maglatch.fault.Fault;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.pgclient.PgConnection;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * One connection that is opened when needed, shared and pipelined, and given up as soon as an
 * answer is late: whatever waits on it then fails at once, and the next use connects anew.
 *
 * <p>A late answer is the only sign of a peer that vanished without a word. Safe on any thread.
 */
final class SteadyConnection {
  private final Vertx vertx;
  private final PgConnectOptions options;
  private final Duration timeout;
  private final Function<PgConnection, Future<Void>> prepare;
  private @Nullable Future<PgConnection> current;
  private boolean closed;

  /**
   * @param timeout how long connecting and each answer may take
   * @param prepare what to do on a new connection before its first use
   */
  SteadyConnection(
      Vertx vertx,
      PgConnectOptions options,
      Duration timeout,
      Function<PgConnection, Future<Void>> prepare) {
    this.vertx = vertx;
    this.options = options;
    this.timeout = timeout;
    this.prepare = prepare;
  }

  /** Runs {@code work} on the connection. Fails with {@link Fault.Code#STORE_UNAVAILABLE}. */
  <T> Future<T> use(Function<PgConnection, Future<T>> work) {
    Future<PgConnection> connection = connection();
    return connection
        .compose(open -> work.apply(open).timeout(timeout.toMillis(), TimeUnit.MILLISECONDS))
        .onFailure(failed -> giveUpIfBroken(connection, failed))
        .recover(
            failed ->
                Future.failedFuture(
                    Fault.of(Fault.Code.STORE_UNAVAILABLE, "database: " + failed, failed)));
  }

  synchronized Future<Void> close() {
    closed = true;
    Future<PgConnection> last = current;
    current = null;
    return last == null
        ? Future.succeededFuture()
        : last.compose(PgConnection::close).otherwiseEmpty();
  }

  private synchronized Future<PgConnection> connection() {
    if (closed) {
      return Future.failedFuture("closed");
    }
    Future<PgConnection> known = current;
    if (known == null || known.failed()) {
      known = connect();
      current = known;
    }
    return known;
  }

  private Future<PgConnection> connect() {
    Future<PgConnection> opening = PgConnection.connect(vertx, options);
    Future<PgConnection> ready =
        opening
            .compose(open -> prepare.apply(open).map(open))
            .timeout(timeout.toMillis(), TimeUnit.MILLISECONDS);
    ready.onFailure(late -> opening.onSuccess(PgConnection::close));
    ready.onSuccess(open -> open.closeHandler(gone -> forget(ready)));
    return ready;
  }

  /** An error that the server answered leaves the connection usable; anything else does not. */
  private void giveUpIfBroken(Future<PgConnection> connection, Throwable failure) {
    if (failure instanceof io.vertx.pgclient.PgException) {
      return;
    }
    forget(connection);
    connection.onSuccess(PgConnection::close);
  }

  private synchronized void forget(Future<PgConnection> connection) {
    if (current == connection) {
      current = null;
    }
  }
}
