// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.maglatch.Await;
import dev.maglatch.webhook.Attempt;
import dev.maglatch.webhook.DeliveryQueue;
import dev.maglatch.webhook.DeliveryQueue.Claim;
import dev.maglatch.webhook.DeliveryQueue.Claimed;
import dev.maglatch.webhook.DeliveryQueue.Settlement;
import dev.maglatch.webhook.DeliveryQueue.Status;
import dev.maglatch.webhook.DeliveryQueueContract;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PgDeliveryQueueTest extends DeliveryQueueContract {
  private static final Duration TIMEOUT = Duration.ofSeconds(30);
  private static final String OWNER =
      """
      WITH home AS (INSERT INTO organizations (name) VALUES ('test') RETURNING id)
      INSERT INTO accounts (email, user_record_id, organization_id)
      SELECT 'a@example.com', 'rec00000000000000', id FROM home
      """;
  private static final String ADD =
      """
      WITH key AS (
        INSERT INTO api_keys (kind, name, organization_id, user_id, created_by, key_prefix,
                              key_hash, pepper, webhook_url, webhook_secret)
        SELECT 'mgp', 'test', organization_id, id, id, 'mgp_0000',
               sha256(gen_random_uuid()::text::bytea), 'test', '%1$s/in', '\\x00'
          FROM accounts
        RETURNING id, created_by),
      event AS (
        INSERT INTO webhook_events (id, account_id, event, body)
        SELECT gen_random_uuid(), created_by, 'test', '{}' FROM key
        RETURNING id)
      INSERT INTO webhook_deliveries (id, event_id, key_id, destination)
      SELECT '%2$s', event.id, key.id, '%1$s' FROM event, key
      """;

  private static final String BACKLOG =
      """
      INSERT INTO webhook_deliveries (event_id, key_id, destination)
      SELECT event_id, key_id, destination FROM webhook_deliveries, generate_series(1, 2000)
       WHERE id = '%s'
      """;
  private static final String CHANGED =
      "SELECT n_tup_upd FROM pg_stat_user_tables WHERE relname = 'webhook_deliveries'";
  private static final String READ =
      """
      SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_user_tables
       WHERE relname = 'webhook_deliveries'
      """;
  private static final Duration LONG = Duration.ofMinutes(5);

  private static Vertx vertx;
  private static TestDatabase server;
  private static PgDeliveryQueue queue;

  @BeforeAll
  static void start() {
    vertx = Vertx.vertx();
    server = TestDatabase.create();
    server.execute(OWNER);
    queue = new PgDeliveryQueue(vertx, server.address().connectOptions(), TIMEOUT);
  }

  @AfterAll
  static void stop() {
    Await.result(queue.close());
    Await.result(vertx.close());
    server.close();
  }

  @BeforeEach
  void empty() {
    server.execute("DELETE FROM api_keys");
    server.execute("DELETE FROM webhook_events");
    server.execute("UPDATE accounts SET disabled_at = NULL");
  }

  /** It is long, and parsing and planning it anew costs more than running it. */
  @Test
  void claimIsPreparedOnce() {
    Claim claim = new Claim(UUID.randomUUID(), 1, 1, Map.of(), Duration.ofSeconds(30));
    try (StatementLog log = StatementLog.before(server.address())) {
      PgDeliveryQueue logged = new PgDeliveryQueue(vertx, log.address().connectOptions(), TIMEOUT);
      for (int i = 0; i < 3; i++) {
        result(logged.claim(claim));
      }

      String claiming = "FOR UPDATE SKIP LOCKED";
      assertThat(log.executed()).filteredOn(sql -> sql.contains(claiming)).hasSize(3);
      assertThat(log.prepared()).filteredOn(sql -> sql.contains(claiming)).hasSize(1);
      Await.result(logged.close());
    }
  }

  /** A plan that was made while there was one delivery is kept when there are thousands. */
  @Test
  void claimsAndResultsNeverReadTheWholeQueue() {
    UUID id = add("https://a.example");
    long changed = server.count(CHANGED);
    long read = server.count(READ);
    PgDeliveryQueue planned =
        new PgDeliveryQueue(vertx, server.address().connectOptions(), TIMEOUT);
    for (int i = 0; i < 10; i++) {
      claimAndSettle(planned);
    }
    server.execute(BACKLOG.formatted(id));

    claimAndSettle(planned);
    Await.result(planned.close()); // hands in what it has counted

    await().until(() -> server.count(CHANGED) >= changed + 2 * 11);
    assertThat(server.count(READ) - read).isLessThan(1000);
  }

  private void claimAndSettle(PgDeliveryQueue queue) {
    Claim claim = new Claim(UUID.randomUUID(), 1, 1, Map.of(), Duration.ofSeconds(30));
    Claimed claimed = result(queue.claim(claim)).get(0);
    Settlement again =
        new Settlement(
            claimed.id(),
            claimed.claim(),
            Status.PENDING,
            Duration.ZERO,
            null,
            claimed.url(),
            null);
    result(queue.settle(List.of(again)));
  }

  /** However often a delivery is replayed, what is kept of it is bounded. */
  @Test
  void attemptsOfTheNewestFiftyClaimsAreKept() {
    add("https://a.example");
    for (int i = 0; i < 60; i++) {
      Claim claim = new Claim(UUID.randomUUID(), 1, 1, Map.of(), Duration.ofSeconds(30));
      Claimed claimed = result(queue.claim(claim)).get(0);
      Attempt attempt =
          new Attempt(Attempt.Kind.ANSWERED, 500, "no " + i, null, null, 7, Map.of("host", "a"));
      result(
          queue.settle(List.of(Settlement.after(claimed, attempt, Status.PENDING, Duration.ZERO))));
    }

    assertThat(server.count("SELECT count(*) FROM webhook_attempts")).isEqualTo(50);
    assertThat(text("SELECT min(claim) || ' ' || max(claim) FROM webhook_attempts"))
        .isEqualTo("11 60");
    assertThat(text("SELECT headers ->> 'host' FROM webhook_attempts WHERE answer = 'no 59'"))
        .isEqualTo("a");
    server.execute("DELETE FROM webhook_events");
    assertThat(server.count("SELECT count(*) FROM webhook_attempts")).isZero();
  }

  /** Another replica is in the middle of its claim: this one does not go away empty. */
  @Test
  void twoThatClaimAtOnceGetDifferentDeliveries() throws SQLException {
    for (int i = 0; i < 6; i++) {
      add("https://a.example");
    }
    try (Connection other = server.connect()) {
      other.setAutoCommit(false);
      UUID locked;
      try (ResultSet rows =
          other
              .createStatement()
              .executeQuery(
                  "SELECT id FROM webhook_deliveries ORDER BY due_at LIMIT 2 FOR UPDATE")) {
        rows.next();
        locked = rows.getObject(1, UUID.class);
      }

      List<Claimed> mine = result(queue.claim(new Claim(UUID.randomUUID(), 9, 2, Map.of(), LONG)));

      assertThat(mine).hasSize(2).extracting(Claimed::id).doesNotContain(locked);
      other.rollback();
    }
    assertThat(result(queue.claim(new Claim(UUID.randomUUID(), 9, 9, Map.of(), LONG)))).hasSize(4);
  }

  /** What nobody may be sent any more ends, and its owner reads why. */
  @ParameterizedTest(name = "{1}")
  @CsvSource(
      delimiter = '|',
      value = {
        "api_keys SET revoked_at = now() | the key is revoked",
        "api_keys SET revoke_after = now() - interval '1 second' | the key is revoked",
        "api_keys SET kind = 'org', scope = 'read', expires_at = now() | the key has expired",
        "accounts SET disabled_at = now() | the account is disabled",
        "api_keys SET webhook_url = NULL | the key has no webhook",
      })
  void deliveryThatMayNotBeSentIsGivenUpAndSaysWhy(String change, String obstacle) {
    UUID id = add("https://a.example");
    server.execute("UPDATE " + change);

    Claimed claimed =
        result(queue.claim(new Claim(UUID.randomUUID(), 1, 1, Map.of(), LONG))).get(0);
    assertThat(claimed.url()).isNull();
    assertThat(claimed.obstacle()).isEqualTo(obstacle);
    result(queue.settle(List.of(Settlement.unsent(claimed))));

    assertThat(state(id)).isEqualTo("DEAD 0");
    assertThat(text("SELECT failure FROM webhook_attempts WHERE url IS NULL")).isEqualTo(obstacle);
  }

  /** What operators are told to ask when deliveries are given up. */
  @Test
  void runbookFindsWhoseDeadLettersThereAre() throws IOException {
    Matcher query =
        Pattern.compile("(?s)### Dead letters.*?```sql\\n(.*?);\\n```")
            .matcher(Files.readString(Path.of("src/docs/operating.md")));
    assertThat(query.find()).isTrue();
    for (String failure : List.of("refused", "late", "late")) {
      add("https://a.example");
      Claimed claimed =
          result(queue.claim(new Claim(UUID.randomUUID(), 1, 1, Map.of(), LONG))).get(0);
      Attempt attempt =
          new Attempt(Attempt.Kind.UNREACHABLE, 0, "", failure, null, 7, Map.of("host", "a"));
      result(queue.settle(List.of(Settlement.after(claimed, attempt, Status.DEAD, Duration.ZERO))));
    }
    server.execute(
        "UPDATE webhook_deliveries SET key_id = (SELECT min(id::text)::uuid FROM api_keys)");

    String found =
        "SELECT count || ' ' || email || ' ' || destination || ' ' || mostly FROM (%s) AS x";
    assertThat(text(found.formatted(query.group(1))))
        .isEqualTo("3 a@example.com https://a.example late");
  }

  /** Claims wait for the same connection. */
  @Test
  void eventsWithManyDeliveriesAreForgottenAFewAtATime() {
    for (int i = 0; i < 3; i++) {
      server.execute(BACKLOG.formatted(add("https://a.example")));
      elapse(Duration.ofHours(1));
    }

    assertThat(result(queue.prune(Duration.ofMinutes(30), 2_002))).isEqualTo(2);
    assertThat(result(queue.prune(Duration.ofMinutes(30), 2_002))).isEqualTo(1);
    assertThat(result(queue.prune(Duration.ofMinutes(30), 2_002))).isZero();
    assertThat(server.count("SELECT count(*) FROM webhook_deliveries")).isZero();
  }

  /** However much waits for one, another one's comes with the same claim. */
  @Test
  void longBacklogOfOneDestinationHidesNoOther() {
    UUID first = add("https://dead.example");
    server.execute(BACKLOG.formatted(first));
    UUID young = add("https://good.example");

    List<Claimed> mine = result(queue.claim(new Claim(UUID.randomUUID(), 9, 1, Map.of(), LONG)));

    assertThat(mine).extracting(Claimed::id).containsExactlyInAnyOrder(first, young);
  }

  @Test
  void whoeverListensHearsOfWhatIsReplayed() throws InterruptedException {
    CountDownLatch heard = new CountDownLatch(1);
    result(queue.listen(heard::countDown));

    server.execute("SELECT pg_notify('maglatch_webhooks', '')");

    assertThat(heard.await(30, TimeUnit.SECONDS)).isTrue();
  }

  @Override
  protected DeliveryQueue queue() {
    return queue;
  }

  @Override
  protected UUID add(String destination) {
    UUID id = UUID.randomUUID();
    server.execute(ADD.formatted(destination, id));
    return id;
  }

  @Override
  protected void takeUrlAway(UUID delivery) {
    server.execute(
        "UPDATE api_keys SET webhook_url = NULL, webhook_secret = NULL WHERE id ="
            + " (SELECT key_id FROM webhook_deliveries WHERE id = '"
            + delivery
            + "')");
  }

  @Override
  protected @Nullable String state(UUID delivery) {
    return text(
        "SELECT upper(status) || ' ' || attempts FROM webhook_deliveries WHERE id = '"
            + delivery
            + "'");
  }

  /** The database's clock cannot be moved, so everything else is. */
  @Override
  protected void elapse(Duration duration) {
    String back = " - interval '" + duration.toMillis() + " milliseconds'";
    server.execute("UPDATE webhook_events SET created_at = created_at" + back);
    server.execute(
        "UPDATE webhook_deliveries SET created_at = created_at"
            + back
            + ", due_at = due_at"
            + back);
  }

  @Override
  protected <T> T result(Future<T> future) {
    return Await.result(future);
  }

  private static @Nullable String text(String sql) {
    try (Connection connection = server.connect();
        ResultSet row = connection.createStatement().executeQuery(sql)) {
      return row.next() ? row.getString(1) : null;
    } catch (SQLException failed) {
      throw new AssertionError(failed);
    }
  }
}
