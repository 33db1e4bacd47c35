// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.postgres;

import dev.maglatch.secret.SealedText;
import dev.maglatch.webhook.Attempt;
import dev.maglatch.webhook.DeliveryQueue;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonObject;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.pgclient.PgConnection;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.Tuple;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import java.util.function.Function;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * Deliveries in {@code webhook_deliveries}, over one connection that both listens and claims, so
 * that each claim proves the listening connection alive.
 */
public final class PgDeliveryQueue implements DeliveryQueue {
  /*
   * Statements are planned once, through indexes, since planning a claim anew takes as long as
   * running it, and a plan made while the tables are small must hold when they have grown.
   */
  private static final String PREPARE =
      "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; LISTEN "
          + WebhookEvents.CHANNEL;

  private static final long CLAIMS_KEPT = 50;

  /**
   * What waits longest for each destination, due or not. Steps from one to the next through the
   * index, so that a long backlog costs nothing.
   */
  private static final String OLDEST =
      """
      oldest AS (
        (SELECT d.destination, d.due_at FROM webhook_deliveries AS d
          WHERE d.status = 'pending' ORDER BY d.destination, d.due_at LIMIT 1)
        UNION ALL
        SELECT next.destination, next.due_at
          FROM oldest CROSS JOIN LATERAL (
               SELECT d.destination, d.due_at FROM webhook_deliveries AS d
                WHERE d.status = 'pending' AND d.destination > oldest.destination
                ORDER BY d.destination, d.due_at LIMIT 1) AS next)
      """;

  /*
   * Takes from each destination, the one that waits longest first, as many as there is room for.
   * What another replica is just claiming is stepped over, so that two that claim at once get
   * different ones and neither gets none. A row that was claimed since the statement began is judged
   * by what it is now. The URL is that of the successor when the key was rotated after the delivery
   * was written. What stands against sending is said in the words that the key's owner will read.
   */
  private static final String CLAIM =
      """
      WITH RECURSIVE busy AS MATERIALIZED (
        SELECT destination, room
          FROM unnest($4::text[], $5::integer[]) AS given (destination, room)),
      """
          + OLDEST
          + """
      , open AS (
        SELECT oldest.destination, coalesce(busy.room, $3::integer) AS room
          FROM oldest LEFT JOIN busy ON busy.destination = oldest.destination
         WHERE oldest.due_at <= statement_timestamp()
           AND coalesce(busy.room, $3::integer) > 0
         ORDER BY oldest.due_at),
      mine AS (
        SELECT due.id
          FROM open CROSS JOIN LATERAL (
               SELECT d.id FROM webhook_deliveries AS d
                WHERE d.status = 'pending' AND d.destination = open.destination
                  AND d.due_at <= statement_timestamp()
                ORDER BY d.due_at LIMIT open.room
                  FOR UPDATE SKIP LOCKED) AS due
         LIMIT $2::integer),
      claimed AS (
        UPDATE webhook_deliveries AS d
           SET due_at = clock_timestamp() + $6::bigint * interval '1 millisecond',
               claim = d.claim + 1, claimed_by = $1::uuid
          FROM mine WHERE d.id = mine.id
        RETURNING d.id, d.claim, d.event_id, d.attempts, d.destination, d.key_id, d.created_at)
      SELECT c.id, c.claim, c.event_id, e.body, c.attempts, c.destination, k.id AS key_id,
             k.webhook_url,
             CASE WHEN k.revoked_at IS NOT NULL OR k.revoke_after <= clock_timestamp()
                  THEN 'the key is revoked'
                  WHEN k.expires_at <= clock_timestamp() THEN 'the key has expired'
                  WHEN owner.disabled_at IS NOT NULL THEN 'the account is disabled'
                  WHEN k.webhook_url IS NULL OR k.webhook_secret IS NULL
                  THEN 'the key has no webhook' END AS obstacle,
             k.webhook_secret,
             CASE WHEN k.previous_webhook_secret_until > clock_timestamp()
                  THEN k.previous_webhook_secret END AS previous_webhook_secret
        FROM claimed AS c
        JOIN webhook_events AS e ON e.id = c.event_id
        JOIN api_keys AS held ON held.id = c.key_id
        JOIN api_keys AS k ON k.id = CASE WHEN held.webhook_url IS NULL
                                          THEN coalesce(held.successor_id, held.id)
                                          ELSE held.id END
        JOIN accounts AS owner ON owner.id = k.created_by
       ORDER BY c.created_at, c.id
      """;

  /*
   * Says of a pending delivery that somebody is named by claimed_by: by its status it would be
   * looked for among all that are pending, through their index. A result that was written before,
   * and whose answer got lost, finds nobody named and changes nothing.
   */
  private static final String SETTLE =
      """
      WITH result AS MATERIALIZED (
        SELECT id, claim, status, wait, url, http_status, millis, failure, answer, headers
          FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::bigint[], $5::text[],
                      $6::integer[], $7::integer[], $8::text[], $9::text[], $10::text[])
               AS s (id, claim, status, wait, url, http_status, millis, failure, answer, headers)),
      settled AS (
        UPDATE webhook_deliveries AS d
           SET status = r.status,
               due_at = CASE WHEN r.status = 'pending'
                             THEN clock_timestamp() + r.wait * interval '1 millisecond' END,
               claimed_by = NULL,
               attempts = d.attempts + CASE WHEN r.url IS NULL THEN 0 ELSE 1 END
          FROM result AS r
         WHERE d.id = r.id AND d.claim = r.claim AND d.claimed_by IS NOT NULL
        RETURNING d.id, d.claim),
      forgotten AS (
        DELETE FROM webhook_attempts AS a
         WHERE a.delivery_id = ANY (ARRAY (
               SELECT s.id FROM settled AS s WHERE s.claim > $11::bigint))
           AND a.claim <= (SELECT s.claim - $11::bigint FROM settled AS s WHERE s.id = a.delivery_id))
      INSERT INTO webhook_attempts (delivery_id, claim, attempted_at, url, http_status, millis,
                                    failure, answer, headers)
      SELECT r.id, r.claim, clock_timestamp() - coalesce(r.millis, 0) * interval '1 millisecond',
             r.url, r.http_status, r.millis, r.failure, r.answer, r.headers::json
        FROM result AS r JOIN settled AS s ON s.id = r.id
      """;

  private static final String AGE =
      "WITH RECURSIVE "
          + OLDEST
          + """
            SELECT coalesce(extract(epoch FROM clock_timestamp() - min(due_at)) * 1000, 0)::bigint
              FROM oldest WHERE due_at <= statement_timestamp()
            """;

  /** Claims wait for it, so it is bounded by the deliveries that go with the events too. */
  static final String PRUNE =
      """
      DELETE FROM webhook_events
       WHERE id = ANY (ARRAY (
             SELECT counted.id
               FROM (SELECT aged.id,
                            sum(own.deliveries) OVER (ORDER BY aged.created_at, aged.id)
                              - own.deliveries AS before
                       FROM (SELECT id, created_at FROM webhook_events
                              WHERE created_at
                                    < statement_timestamp() - $1::bigint * interval '1 millisecond'
                              ORDER BY created_at LIMIT $2::integer
                                FOR UPDATE SKIP LOCKED) AS aged
                      CROSS JOIN LATERAL (SELECT count(*) AS deliveries FROM webhook_deliveries
                                           WHERE event_id = aged.id) AS own) AS counted
              WHERE counted.before < $2::integer))
      """;

  static final String FORGET_NAMES =
      """
      WITH publications AS (
        DELETE FROM webhook_publications
         WHERE created_at < statement_timestamp() - interval '1 day')
      DELETE FROM webhook_notices WHERE occasion < statement_timestamp() - interval '1 day'
      """;

  private final SteadyConnection connection;
  private volatile Runnable onNotification = () -> {};

  /**
   * @param timeout how long one answer may take; a later one costs the connection
   */
  public PgDeliveryQueue(Vertx vertx, PgConnectOptions options, Duration timeout) {
    PgConnectOptions own = new PgConnectOptions(options);
    own.setCachePreparedStatements(true);
    this.connection = new SteadyConnection(vertx, own, timeout, this::beginListening);
  }

  private Future<Void> beginListening(PgConnection opened) {
    opened.notificationHandler(notification -> onNotification.run());
    return opened.query(PREPARE).execute().mapEmpty();
  }

  @Override
  public Future<Void> listen(Runnable handler) {
    onNotification = handler;
    return connection.use(connected -> Future.succeededFuture());
  }

  @Override
  public Future<List<Claimed>> claim(Claim claim) {
    List<String> names = List.copyOf(claim.room().keySet());
    Tuple values = Tuple.of(claim.replica(), claim.max(), claim.perDestination());
    values.addArrayOfString(names.toArray(String[]::new));
    values.addArrayOfInteger(names.stream().map(claim.room()::get).toArray(Integer[]::new));
    values.addLong(claim.lease().toMillis());
    return connection
        .use(opened -> opened.preparedQuery(CLAIM).execute(values))
        .map(PgDeliveryQueue::claimed);
  }

  @Override
  public Future<Void> settle(List<Settlement> settlements) {
    List<Settlement> sorted =
        settlements.stream().sorted(Comparator.comparing(Settlement::id)).toList();
    Tuple values =
        Tuple.tuple()
            .addArrayOfUUID(each(sorted, Settlement::id, UUID[]::new))
            .addArrayOfLong(each(sorted, Settlement::claim, Long[]::new))
            .addArrayOfString(each(sorted, PgDeliveryQueue::status, String[]::new))
            .addArrayOfLong(each(sorted, one -> one.pause().toMillis(), Long[]::new))
            .addArrayOfString(each(sorted, Settlement::url, String[]::new))
            .addArrayOfInteger(ofAttempts(sorted, PgDeliveryQueue::httpStatus, Integer[]::new))
            .addArrayOfInteger(ofAttempts(sorted, made -> (int) made.millis(), Integer[]::new))
            .addArrayOfString(each(sorted, PgDeliveryQueue::failure, String[]::new))
            .addArrayOfString(ofAttempts(sorted, Attempt::answer, String[]::new))
            .addArrayOfString(ofAttempts(sorted, PgDeliveryQueue::headers, String[]::new))
            .addLong(CLAIMS_KEPT);
    return connection.use(opened -> opened.preparedQuery(SETTLE).execute(values)).mapEmpty();
  }

  private static <T extends @Nullable Object> T[] each(
      List<Settlement> all, Function<Settlement, T> read, IntFunction<T[]> array) {
    return all.stream().map(read).toArray(array);
  }

  /** As {@link #each}, with null where no attempt was made. */
  private static <T extends @Nullable Object> T[] ofAttempts(
      List<Settlement> all, Function<Attempt, T> read, IntFunction<T[]> array) {
    return each(all, one -> one.attempt() == null ? null : read.apply(one.attempt()), array);
  }

  private static String status(Settlement one) {
    return one.status().name().toLowerCase(Locale.ROOT);
  }

  private static @Nullable String failure(Settlement one) {
    return one.attempt() == null ? one.obstacle() : one.attempt().failure();
  }

  private static @Nullable Integer httpStatus(Attempt made) {
    return made.status() == 0 ? null : made.status();
  }

  private static @Nullable String headers(Attempt made) {
    return made.sent().isEmpty() ? null : new JsonObject(new LinkedHashMap<>(made.sent())).encode();
  }

  @Override
  public Future<Duration> age() {
    return connection
        .use(opened -> opened.preparedQuery(AGE).execute())
        .map(rows -> Duration.ofMillis(rows.iterator().next().getLong(0)));
  }

  @Override
  public Future<Integer> prune(Duration retention, int max) {
    return connection
        .use(opened -> opened.preparedQuery(PRUNE).execute(Tuple.of(retention.toMillis(), max)))
        .compose(
            pruned ->
                connection
                    .use(opened -> opened.query(FORGET_NAMES).execute())
                    .map(pruned.rowCount()));
  }

  public Future<Void> close() {
    return connection.close();
  }

  private static List<Claimed> claimed(RowSet<Row> rows) {
    List<Claimed> all = new ArrayList<>(rows.size());
    for (Row row : rows) {
      String obstacle = row.getString("obstacle");
      List<SealedText> secrets = new ArrayList<>();
      addSealed(secrets, row.getBuffer("webhook_secret"));
      addSealed(secrets, row.getBuffer("previous_webhook_secret"));
      all.add(
          new Claimed(
              row.getUUID("id"),
              row.getLong("claim"),
              row.getUUID("event_id"),
              row.getString("body"),
              row.getInteger("attempts"),
              row.getString("destination"),
              row.getUUID("key_id"),
              obstacle == null ? row.getString("webhook_url") : null,
              obstacle,
              secrets));
    }
    return all;
  }

  private static void addSealed(List<SealedText> secrets, @Nullable Buffer bytes) {
    if (bytes != null) {
      secrets.add(new SealedText(bytes.getBytes()));
    }
  }
}
