// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.postgres;

import static java.util.concurrent.TimeUnit.MILLISECONDS;

import dev.maglatch.fault.Fault;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.net.NetClientOptions;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.pgclient.PgConnection;
import io.vertx.pgclient.PgException;
import io.vertx.pgclient.spi.PgDriver;
import io.vertx.sqlclient.spi.ConnectionFactory;
import java.time.Duration;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * One connection that is opened when needed, shared and pipelined, and given up as soon as an
 * answer is late: whatever waits on it then fails at once, and the next use connects anew.
 *
 * <p>A late answer is the only sign of a peer that vanished without a word. What is given up is
 * closed, connected or not: a server that says nothing holds one socket of ours at most. Safe on
 * any thread.
 */
final class SteadyConnection {
  /** Whether the server may be behind another one. */
  private static final String STANDBY = "SELECT pg_is_in_recovery()";

  private final Vertx vertx;
  private final PgConnectOptions options;
  private final Duration timeout;
  private final Function<PgConnection, Future<Void>> prepare;
  private @Nullable Attempt current;
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

  /**
   * Fails unless {@code connection} leads to the primary: a standby may not know yet that a key was
   * revoked (rule 7). A primary becomes a standby only by a restart, which ends its connections.
   */
  static Future<Void> requirePrimary(PgConnection connection) {
    return connection
        .query(STANDBY)
        .execute()
        .compose(
            rows ->
                rows.iterator().next().getBoolean(0)
                    ? Future.failedFuture("the server is in recovery")
                    : Future.succeededFuture());
  }

  /**
   * Runs {@code work} on the connection. Fails with {@link Fault.Code#STORE_UNAVAILABLE}.
   *
   * @param work runs a second time, on a new connection and in what is left of the time, if the
   *     first ended under it: the server may have ended it long ago, unheard by a process that
   *     slept, or another's answer was late. Twice must be as good as once.
   */
  <T> Future<T> use(Function<PgConnection, Future<T>> work) {
    long begunNanos = System.nanoTime();
    Attempt first = connection();
    Future<T> done =
        first == null
            ? Future.failedFuture("closed")
            : first
                .run(work)
                .recover(
                    failed ->
                        first.hasEnded(failed)
                            ? again(work, begunNanos, failed)
                            : Future.failedFuture(failed));
    return done.recover(
        failed ->
            Future.failedFuture(
                Fault.of(Fault.Code.STORE_UNAVAILABLE, "database: " + failed, failed)));
  }

  private <T> Future<T> again(
      Function<PgConnection, Future<T>> work, long begunNanos, Throwable failed) {
    long leftMillis = timeout.minusNanos(System.nanoTime() - begunNanos).toMillis();
    Attempt second = leftMillis > 0 ? connection() : null;
    return second == null
        ? Future.failedFuture(failed)
        : second.run(work).timeout(leftMillis, MILLISECONDS);
  }

  /**
   * Lets the next use connect anew, since the network may have forgotten this connection. What
   * waits on it is still answered if an answer comes.
   */
  synchronized void reconnect() {
    Attempt old = current;
    current = null;
    if (old != null) {
      Future<Void> unused = old.end();
    }
  }

  synchronized Future<Void> close() {
    closed = true;
    Attempt last = current;
    current = null;
    return last == null ? Future.succeededFuture() : last.end();
  }

  private synchronized @Nullable Attempt connection() {
    if (closed) {
      return null;
    }
    Attempt known = current;
    if (known == null || known.ready.failed()) {
      known = new Attempt();
      current = known;
    }
    return known;
  }

  /** An error that the server answered leaves the connection usable; anything else does not. */
  private void giveUpIfBroken(Attempt attempt, Throwable failure) {
    if (!(failure instanceof PgException)) {
      forget(attempt);
      attempt.abort();
    }
  }

  private synchronized void forget(Attempt attempt) {
    if (current == attempt) {
      current = null;
    }
  }

  /** One connection, from the first packet to the last. */
  private final class Attempt {
    /*
     * The driver gives a connection away only when the server has said hello. Until then, and when
     * the server does not take what is written, nothing but the sockets' owner can close it.
     */
    private final ConnectionFactory<PgConnectOptions> sockets;
    private final Future<PgConnection> ready;

    Attempt() {
      sockets = PgDriver.INSTANCE.createConnectionFactory(vertx, transport());
      ready =
          sockets
              .connect(vertx.getOrCreateContext(), options)
              .map(PgConnection::cast)
              .compose(open -> prepare.apply(open).map(open))
              .timeout(timeout.toMillis(), MILLISECONDS);
      ready.onSuccess(open -> open.closeHandler(gone -> gone())).onFailure(failed -> abort());
    }

    <T> Future<T> run(Function<PgConnection, Future<T>> work) {
      return ready
          .compose(open -> work.apply(open).timeout(timeout.toMillis(), MILLISECONDS))
          .onFailure(failed -> giveUpIfBroken(this, failed));
    }

    /** Whether it worked once, and {@code failure} is not of the work itself. */
    boolean hasEnded(Throwable failure) {
      return failure instanceof PgException refused
          ? DatabaseFailure.worthASecondTry(refused) || DatabaseFailure.saysGoodbye(refused)
          : ready.succeeded() && !(failure instanceof TimeoutException);
    }

    private void gone() {
      forget(this);
      abort();
    }

    /** Closes at once. */
    void abort() {
      sockets.close(Promise.promise());
    }

    /** Says goodbye if somebody is there to hear it, then closes. */
    Future<Void> end() {
      Future<Void> goodbye = ready.succeeded() ? ready.result().close() : Future.succeededFuture();
      return goodbye
          .timeout(timeout.toMillis(), MILLISECONDS)
          .otherwiseEmpty()
          .onComplete(said -> abort());
    }

    private NetClientOptions transport() {
      return new NetClientOptions()
          .setConnectTimeout((int) timeout.toMillis())
          .setTcpKeepAlive(true);
    }
  }
}
