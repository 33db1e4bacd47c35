// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.postgres;

import static java.util.concurrent.TimeUnit.MILLISECONDS;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.net.NetClientOptions;
import io.vertx.pgclient.PgBuilder;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.PoolOptions;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.SqlConnection;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The pool of the management plane. The path of a proxied request never waits for it.
 *
 * <p>Safe on any thread; a future completes on the caller's context. Connections are made when they
 * are needed, so opening succeeds without a database and work fails until there is one.
 */
public final class Database {
  /*
   * Three bounds end a wait: the pool's for a connection, the server's for a statement or a lock,
   * and ours for the whole piece of work. Only the last one is left when the server's machine has
   * vanished: the caller is answered, the connection stays taken until the read timeout closes it.
   */
  private static final Duration READ_TIMEOUT_WHEN_SILENT = Duration.ofSeconds(60);

  private final Vertx vertx;
  private final Supplier<Pool> opener;
  private final long answerMillis;
  private final AtomicInteger working = new AtomicInteger();
  private volatile Pool pool;
  private @Nullable Pool former; // guarded by this
  private boolean closed; // guarded by this

  private Database(Vertx vertx, Supplier<Pool> opener, long answerMillis) {
    this.vertx = vertx;
    this.opener = opener;
    this.answerMillis = answerMillis;
    this.pool = opener.get();
  }

  public static Database open(Vertx vertx, DatabaseAddress address, PoolLimits limits) {
    return new Database(
        vertx, () -> pool(vertx, address, limits), limits.answerTimeout().toMillis());
  }

  private static Pool pool(Vertx vertx, DatabaseAddress address, PoolLimits limits) {
    return PgBuilder.pool()
        .with(poolOptions(limits))
        .with(transport(limits))
        .connectingTo(connectOptions(address, limits))
        .using(vertx)
        .build();
  }

  /** Returns the pool itself. Its failures are not yet faults; see {@link #query}. */
  public Pool pool() {
    return pool;
  }

  /**
   * Runs one statement on any connection. Fails with a {@link dev.maglatch.fault.Fault}: {@code
   * STORE_UNAVAILABLE} when the database cannot be reached or does not answer in time.
   */
  public <T> Future<T> query(Function<SqlClient, Future<T>> work) {
    return bounded(() -> work.apply(pool));
  }

  /**
   * Runs {@code work} in one transaction, committed when its future succeeds and rolled back when
   * it fails. Fails as {@link #query} does; after {@code STORE_UNAVAILABLE} the transaction may
   * have been committed nevertheless.
   *
   * @param work may run a second time, after the first was rolled back
   */
  public <T> Future<T> transaction(Function<SqlConnection, Future<T>> work) {
    return bounded(() -> pool.withTransaction(work));
  }

  /**
   * Gives work that begins from now on connections of its own, since the network may have forgotten
   * the ones there are. Those are closed once the work that has begun on them must have ended;
   * until then this does nothing more, so that there are at most twice as many connections.
   */
  public synchronized void reconnect() {
    if (closed || former != null) {
      return;
    }
    former = pool;
    pool = opener.get();
    vertx.setTimer(answerMillis, ended -> closeFormer());
  }

  private synchronized Future<Void> closeFormer() {
    Pool old = former;
    former = null;
    return old == null ? Future.succeededFuture() : old.close();
  }

  /** Closes every connection, whatever still runs on it. */
  public synchronized Future<Void> close() {
    closed = true;
    return Future.join(closeFormer(), pool.close()).mapEmpty();
  }

  /** Returns how many pieces of work have begun and not ended, waiting ones included. */
  public int working() {
    return working.get();
  }

  private <T> Future<T> bounded(Supplier<Future<T>> work) {
    working.incrementAndGet();
    return work.get()
        .recover(
            failure ->
                DatabaseFailure.worthASecondTry(failure)
                    ? work.get()
                    : Future.failedFuture(failure))
        .timeout(answerMillis, MILLISECONDS)
        .onComplete(ended -> working.decrementAndGet())
        .recover(failure -> Future.failedFuture(DatabaseFailure.fault(failure)));
  }

  private static PoolOptions poolOptions(PoolLimits limits) {
    return new PoolOptions()
        .setName("management")
        .setMaxSize(limits.maxConnections())
        .setMaxWaitQueueSize(PoolLimits.MAX_WAITING)
        .setConnectionTimeout((int) limits.connectTimeout().toMillis())
        .setConnectionTimeoutUnit(MILLISECONDS);
  }

  private static NetClientOptions transport(PoolLimits limits) {
    return new NetClientOptions()
        .setConnectTimeout((int) limits.connectTimeout().toMillis())
        .setTcpKeepAlive(true)
        .setReadIdleTimeout((int) READ_TIMEOUT_WHEN_SILENT.toMillis())
        .setIdleTimeoutUnit(MILLISECONDS);
  }

  private static PgConnectOptions connectOptions(DatabaseAddress address, PoolLimits limits) {
    PgConnectOptions options = address.connectOptions();
    options.setCachePreparedStatements(true);
    options.addProperty("application_name", "maglatch");
    options.addProperty("statement_timeout", millis(limits.statementTimeout()));
    options.addProperty("lock_timeout", millis(limits.lockTimeout()));
    options.addProperty(
        "idle_in_transaction_session_timeout", millis(limits.answerTimeout().multipliedBy(2)));
    return options;
  }

  private static String millis(Duration duration) {
    return Long.toString(duration.toMillis());
  }
}
