// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.postgres;

import dev.maglatch.cluster.Change;
import dev.maglatch.cluster.Change.Entity;
import dev.maglatch.cluster.ChangeFeed;
import dev.maglatch.cluster.Renewal;
import dev.maglatch.key.TokenHash;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.pgclient.PgConnection;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.Tuple;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The change feed over one connection that both listens and renews, so that each renewal proves the
 * listening connection alive. Revokers use a second one: they must not wait for a renewal.
 */
public final class PgChangeFeed implements ChangeFeed {
  private static final String LISTEN = "LISTEN maglatch_changes";

  private static final String RENEW =
      """
      SELECT feed, is_primary, newest, gap, database_time, replica_count,
             number, entity, entity_id, old_key_hash, new_key_hash
        FROM renew_lease($1::uuid, $2::text, $3::text, $4::bigint,
                         $5::bigint * interval '1 millisecond', $6::integer)
      """;

  private static final String ACKNOWLEDGE =
      "UPDATE replicas SET applied = $2::bigint WHERE id = $1::uuid AND applied < $2::bigint";

  private static final String LEAVE = "DELETE FROM replicas WHERE id = $1::uuid";

  /** A flush of everything names nobody, and stands for changes that have no record. */
  private static final String NEWEST =
      """
      SELECT coalesce(max(number), 0) FROM changes
       WHERE entity_id = ANY ($1::uuid[]) OR entity_id IS NULL
      """;

  /**
   * The lock waits for renewals in flight, whose leases would otherwise be overlooked. It is taken
   * on every row: a lease that ended long ago may be about to run again.
   */
  private static final String HOLDERS =
      """
        WITH locked AS MATERIALIZED (SELECT id, applied, lease_until FROM replicas FOR SHARE)
      SELECT f.history = feed_history() AND f.history_since < clock_timestamp() - grace.span AS complete,
             locked.id, locked.applied, locked.lease_until > clock_timestamp() - grace.span AS may_hold
        FROM change_feed f
       CROSS JOIN (SELECT $1::bigint * interval '1 millisecond' AS span) AS grace
        LEFT JOIN locked ON true
      """;

  static final String PRUNE =
      """
      WITH gone AS (
        DELETE FROM changes
         WHERE occurred_at < statement_timestamp() - $1::bigint * interval '1 millisecond'
        RETURNING number)
      UPDATE change_feed
         SET pruned_through = greatest(pruned_through, (SELECT max(number) FROM gone))
       WHERE EXISTS (SELECT 1 FROM gone)
      """;

  private static final String FORGET_REPLICAS =
      "DELETE FROM replicas WHERE lease_until < clock_timestamp() - interval '1 hour'";

  private final SteadyConnection feed;
  private final SteadyConnection revoker;
  private volatile Runnable onNotification = () -> {};
  private volatile Runnable onReturn = () -> {};
  private volatile boolean silent;

  /**
   * @param timeout how long one answer may take; a later one costs the connection
   */
  public PgChangeFeed(Vertx vertx, PgConnectOptions options, Duration timeout) {
    PgConnectOptions unflushed = new PgConnectOptions(options);
    unflushed.addProperty("synchronous_commit", "off"); // rule 10
    this.feed = new SteadyConnection(vertx, unflushed, timeout, this::beginListening);
    this.revoker =
        new SteadyConnection(vertx, unflushed, timeout, ready -> Future.succeededFuture());
  }

  /**
   * Sets what to do when the database is found again after it had fallen silent: connections made
   * before may be open and dead, with nobody left to say so.
   */
  public void onReturn(Runnable handler) {
    onReturn = handler;
  }

  @Override
  public Future<Void> listen(Runnable handler) {
    onNotification = handler;
    return onFeed(connected -> Future.succeededFuture());
  }

  @Override
  public Future<Renewal> renew(Member member, Position applied, Duration lease, int maxChanges) {
    Tuple arguments =
        Tuple.of(
            member.id(),
            member.name(),
            applied.feed(),
            applied.number(),
            lease.toMillis(),
            maxChanges);
    return onFeed(connection -> connection.preparedQuery(RENEW).execute(arguments))
        .map(PgChangeFeed::renewal);
  }

  @Override
  public Future<Void> acknowledge(Member member, long applied) {
    return onFeed(
            connection ->
                connection.preparedQuery(ACKNOWLEDGE).execute(Tuple.of(member.id(), applied)))
        .mapEmpty();
  }

  @Override
  public Future<Void> leave(Member member) {
    return onFeed(connection -> connection.preparedQuery(LEAVE).execute(Tuple.of(member.id())))
        .mapEmpty();
  }

  @Override
  public Future<Long> newestChangeOf(List<UUID> entities) {
    Tuple ids = Tuple.tuple().addArrayOfUUID(entities.toArray(UUID[]::new));
    return revoker
        .use(connection -> connection.preparedQuery(NEWEST).execute(ids))
        .map(rows -> rows.iterator().next().getLong(0));
  }

  @Override
  public Future<Holders> holders(Duration grace) {
    return revoker
        .use(connection -> connection.preparedQuery(HOLDERS).execute(Tuple.of(grace.toMillis())))
        .map(PgChangeFeed::everybody);
  }

  @Override
  public Future<Void> prune(Duration keep) {
    return revoker
        .use(connection -> connection.preparedQuery(PRUNE).execute(Tuple.of(keep.toMillis())))
        .compose(pruned -> revoker.use(connection -> connection.query(FORGET_REPLICAS).execute()))
        .mapEmpty();
  }

  public Future<Void> close() {
    return Future.join(feed.close(), revoker.close()).mapEmpty();
  }

  /** Whichever answer is late first, it costs the connection, and the others fail as closed. */
  private <T> Future<T> onFeed(Function<PgConnection, Future<T>> work) {
    return feed.use(work)
        .onFailure(failed -> silent |= failed.getCause() instanceof TimeoutException);
  }

  private Future<Void> beginListening(PgConnection connection) {
    connection.notificationHandler(notification -> onNotification.run());
    return connection.query(LISTEN).execute().onSuccess(heard -> returned()).mapEmpty();
  }

  private void returned() {
    if (silent) {
      silent = false;
      revoker.reconnect();
      onReturn.run();
    }
  }

  private static Renewal renewal(RowSet<Row> rows) {
    List<Change> changes = new ArrayList<>();
    Row head = rows.iterator().next();
    for (Row row : rows) {
      if (row.getLong("number") != null) {
        changes.add(change(row));
      }
    }
    return new Renewal(
        head.getString("feed"),
        head.getBoolean("is_primary"),
        head.getLong("newest"),
        head.getBoolean("gap"),
        changes,
        head.getOffsetDateTime("database_time").toInstant(),
        head.getInteger("replica_count"));
  }

  private static Change change(Row row) {
    TokenHash before = hash(row.getBuffer("old_key_hash"));
    TokenHash after = hash(row.getBuffer("new_key_hash"));
    Entity entity = entity(row.getString("entity"));
    boolean nameless = entity == Entity.API_KEY && before == null && after == null;
    return new Change(
        row.getLong("number"),
        nameless ? Entity.ALL : entity,
        row.getUUID("entity_id"),
        before,
        after);
  }

  /** What is not known by name may be anything. */
  private static Entity entity(String name) {
    return switch (name) {
      case "api_key" -> Entity.API_KEY;
      case "account", "organization", "service_account" -> Entity.OWNER;
      case "session" -> Entity.SESSION;
      default -> Entity.ALL;
    };
  }

  private static @Nullable TokenHash hash(@Nullable Buffer bytes) {
    return bytes == null || bytes.length() != TokenHash.BYTES
        ? null
        : TokenHash.of(bytes.getBytes());
  }

  private static Holders everybody(RowSet<Row> rows) {
    List<Acknowledged> all = new ArrayList<>();
    for (Row row : rows) {
      if (row.getUUID("id") != null) {
        all.add(
            new Acknowledged(
                row.getUUID("id"), row.getLong("applied"), row.getBoolean("may_hold")));
      }
    }
    return new Holders(rows.iterator().next().getBoolean("complete"), all);
  }
}
