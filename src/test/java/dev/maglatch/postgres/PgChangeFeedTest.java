// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import dev.maglatch.Await;
import dev.maglatch.cluster.Change;
import dev.maglatch.cluster.Change.Entity;
import dev.maglatch.cluster.ChangeFeed.Acknowledged;
import dev.maglatch.cluster.ChangeFeed.Holders;
import dev.maglatch.cluster.ChangeFeed.Member;
import dev.maglatch.cluster.ChangeFeed.Position;
import dev.maglatch.cluster.Renewal;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class PgChangeFeedTest {
  private static final Duration LEASE = Duration.ofSeconds(3);
  private static final int MANY = 2_000;
  private static final String ORGANIZATION = "00000000-0000-0000-0000-00000000000a";
  private static final String ACCOUNT = "00000000-0000-0000-0000-00000000000b";
  private static Vertx vertx;
  private static TestDatabase database;

  private final Member self = new Member(UUID.randomUUID(), "one");
  private final Semaphore notifications = new Semaphore(0);
  private PgChangeFeed feed;
  private Position applied = Position.NONE;

  @BeforeAll
  static void start() {
    vertx = Vertx.vertx();
    database = TestDatabase.create();
    database.execute("INSERT INTO organizations (id, name) VALUES ('" + ORGANIZATION + "', 'o')");
    database.execute(
        "INSERT INTO accounts (id, email, user_record_id, organization_id) VALUES ('"
            + ACCOUNT
            + "', 'a@example.com', 'rec00000000000000', '"
            + ORGANIZATION
            + "')");
  }

  @AfterAll
  static void stop() {
    await(vertx.close());
    database.close();
  }

  @BeforeEach
  void join() {
    feed = new PgChangeFeed(vertx, database.address().connectOptions(), Duration.ofSeconds(5));
    await(feed.listen(notifications::release));
    applied = Position.NONE;
    renew();
    await(feed.acknowledge(self, applied.number()));
  }

  @AfterEach
  void leave() {
    await(feed.leave(self));
    await(feed.close());
  }

  /** Rule 1: psql is a client like any other. */
  @Test
  void everyChangeMadeByHandIsNamedAndNotified() throws Exception {
    String key = insertKey();
    database.execute("UPDATE api_keys SET revoked_at = now() WHERE id = '" + key + "'");
    database.execute("UPDATE accounts SET disabled_at = now() WHERE id = '" + ACCOUNT + "'");
    database.execute("DELETE FROM api_keys WHERE id = '" + key + "'");

    assertThat(notifications.tryAcquire(4, 10, TimeUnit.SECONDS)).isTrue();
    List<Change> changes = renew().changes();
    assertThat(changes)
        .extracting(Change::entity)
        .containsExactly(Entity.API_KEY, Entity.API_KEY, Entity.OWNER, Entity.API_KEY);
    assertThat(changes.get(0).oldHash()).isNull();
    assertThat(changes.get(0).newHash()).isNotNull().isEqualTo(changes.get(3).oldHash());
    assertThat(changes).extracting(Change::number).isSorted();
    database.execute("UPDATE accounts SET disabled_at = NULL WHERE id = '" + ACCOUNT + "'");
  }

  /** Rule 1. */
  @Test
  void truncateNamesEverything() {
    database.execute("TRUNCATE api_keys CASCADE");

    assertThat(renew().changes()).extracting(Change::entity).contains(Entity.ALL);
  }

  /** Rule 1: else each request would make its own key stale. */
  @Test
  void usageWritesNameNothing() {
    String key = insertKey();
    renew();

    database.execute("INSERT INTO key_usage (key_id, last_used_at) VALUES ('" + key + "', now())");
    database.execute("UPDATE key_usage SET last_used_at = now() WHERE key_id = '" + key + "'");

    assertThat(renew().changes()).isEmpty();
  }

  /** Rule 1. */
  @Test
  void aThousandChangesOfOneTransactionCollapse() throws Exception {
    try (Connection connection = database.connect()) {
      connection.setAutoCommit(false);
      try (var statement = connection.createStatement()) {
        statement.execute(
            "INSERT INTO api_keys (kind, name, organization_id, user_id, created_by, key_prefix,"
                + " key_hash, pepper) SELECT 'mgp', 'n', '"
                + ORGANIZATION
                + "', '"
                + ACCOUNT
                + "', '"
                + ACCOUNT
                + "', 'mgp_0000', sha256(('bulk' || i)::bytea), 'p' FROM generate_series(1, 1500) i");
      }
      connection.commit();
    }

    List<Change> changes = renew().changes();
    assertThat(changes).hasSize(1001);
    assertThat(changes).extracting(Change::entity).containsOnlyOnce(Entity.ALL);
  }

  /** Rule 2: a number is drawn at commit, so a poll never skips a transaction that was slower. */
  @Test
  void numberOrderIsCommitOrder() throws Exception {
    String early = insertKey();
    String late = insertKey();
    renew();
    try (Connection slow = database.connect()) {
      slow.setAutoCommit(false);
      try (var statement = slow.createStatement()) {
        statement.execute("UPDATE api_keys SET name = 'slow' WHERE id = '" + early + "'");
        database.execute("UPDATE api_keys SET name = 'quick' WHERE id = '" + late + "'");
        assertThat(renew().changes())
            .extracting(Change::entityId)
            .containsExactly(UUID.fromString(late));
        slow.commit();
      }
    }

    assertThat(renew().changes())
        .extracting(Change::entityId)
        .containsExactly(UUID.fromString(early));
  }

  @Test
  void tooManyChangesOrPrunedOnesAreAGap() {
    insertKey();
    insertKey();

    assertThat(await(feed.renew(self, applied, LEASE, 1)).gap()).isTrue();
    assertThat(await(feed.renew(self, applied, LEASE, 2)).gap()).isFalse();
    await(feed.prune(Duration.ZERO));
    Renewal late = await(feed.renew(self, applied, LEASE, MANY));
    assertThat(late.gap()).isTrue();
    assertThat(await(feed.renew(self, at(late.newest()), LEASE, MANY)).gap()).isFalse();
    assertThat(await(feed.renew(self, at(late.newest() + 1), LEASE, MANY)).gap()).isTrue();
  }

  /** Rule 4. */
  @Test
  void revokerSeesWhoHasAppliedAKeysNewestChange() {
    String key = insertKey();
    long number = newestOf(key);
    assertThat(number).isGreaterThan(applied.number());
    assertThat(holders()).containsExactly(new Acknowledged(self.id(), applied.number(), true));

    await(feed.acknowledge(self, number));

    assertThat(holders()).containsExactly(new Acknowledged(self.id(), number, true));
  }

  /** Beyond a thousand changes of one transaction a flush stands for the key's own record. */
  @Test
  void flushCountsAsTheNewestChangeOfEveryEntity() {
    String key = insertKey();
    long before = newestOf(key);

    database.execute("SELECT note_change('all', NULL, 'flush', NULL, NULL)");

    assertThat(newestOf(key)).isGreaterThan(before);
    assertThat(await(feed.newestChangeOf(List.of()))).isEqualTo(newestOf(key));
  }

  /** Rule 7: what was applied of another history says nothing about this one. */
  @Test
  void numbersOfAnotherHistoryAreNotBelieved() {
    insertKey();
    Position elsewhere = new Position("another/00000001", applied.number() + 1);

    assertThat(await(feed.renew(self, elsewhere, LEASE, MANY)).gap()).isTrue();

    assertThat(holders()).containsExactly(new Acknowledged(self.id(), -1, true));
  }

  /** Until the leases that another server gave have ended, nobody here can list them. */
  @Test
  void holdersAreIncompleteWhileTheHistoryIsYoung() {
    assertThat(await(feed.holders(LEASE)).complete()).isTrue();

    database.execute("UPDATE change_feed SET history = 'before the failover'");
    assertThat(await(feed.holders(LEASE)).complete()).isFalse();
    renew();
    assertThat(await(feed.holders(LEASE)).complete()).isFalse();

    assertThat(await(feed.holders(Duration.ZERO)).complete()).isTrue();
    database.execute("UPDATE change_feed SET history_since = '-infinity'");
  }

  /** A revoker cannot see a row that is being inserted, so its owner must drop what it has. */
  @Test
  void replicaThatTheDatabaseForgotIsToldOfAGap() {
    database.execute("DELETE FROM replicas");

    assertThat(await(feed.renew(self, applied, LEASE, MANY)).gap()).isTrue();
    assertThat(await(feed.renew(self, applied, LEASE, MANY)).gap()).isFalse();
  }

  /** Rule 10: also for a session that asked for less. */
  @Test
  void changesAreCommittedSynchronously() throws Exception {
    try (Connection careless = database.connect();
        var statement = careless.createStatement()) {
      careless.setAutoCommit(false);
      statement.execute("SET synchronous_commit = off");
      statement.execute("SELECT note_change('all', NULL, 'flush', NULL, NULL)");
      statement.execute("SET CONSTRAINTS ALL IMMEDIATE");
      try (var shown = statement.executeQuery("SHOW synchronous_commit")) {
        assertThat(shown.next()).isTrue();
        assertThat(shown.getString(1)).isEqualTo("on");
      }
      careless.rollback();
    }
  }

  /**
   * Rule 4: the interleaving that a renewal in one plain statement gets wrong: it has begun before
   * a revocation commits and ends after the revoker looked. Here the revoker waits for it.
   */
  @Test
  void revokerWaitsForARenewalThatIsBeingWritten() throws Exception {
    try (Connection renewing = renewing()) {
      Future<Holders> looking = feed.holders(LEASE);
      awaitSomebodyBlocked();
      assertThat(looking.isComplete()).isFalse();
      renewing.commit();
      assertThat(await(looking).replicas())
          .containsExactly(new Acknowledged(self.id(), applied.number(), true));
    }
  }

  /** The same for one whose lease ended long ago: it is about to run again. */
  @Test
  void revokerWaitsForARenewalOfALeaseThatHadEnded() throws Exception {
    database.execute("UPDATE replicas SET lease_until = now() - interval '1 minute'");
    try (Connection renewing = renewing()) {
      Future<Holders> looking = feed.holders(LEASE);
      awaitSomebodyBlocked();
      assertThat(looking.isComplete()).isFalse();
      renewing.commit();
      assertThat(await(looking).replicas())
          .containsExactly(new Acknowledged(self.id(), applied.number(), true));
    }
  }

  /** Rule 7: an answer that is late for anybody is a sign of it, not a late renewal alone. */
  @Test
  void returnIsToldAfterASilenceThatAnAcknowledgementHasFoundOut() {
    AtomicInteger returns = new AtomicInteger();
    try (ServerRelay relay = ServerRelay.before(database.address())) {
      PgChangeFeed remote =
          new PgChangeFeed(vertx, relay.address().connectOptions(), Duration.ofSeconds(1));
      remote.onReturn(returns::incrementAndGet);
      await(remote.listen(() -> {}));

      relay.stall();
      Await.failure(remote.acknowledge(self, applied.number()));
      assertThat(returns).hasValue(0);
      relay.flow();
      await(remote.acknowledge(self, applied.number()));

      assertThat(returns).hasValue(1);
      await(remote.close());
    }
  }

  /** Begins a renewal of this replica's lease that the caller commits. */
  private Connection renewing() throws SQLException {
    Connection renewing = database.connect();
    renewing.setAutoCommit(false);
    try (var statement =
        renewing.prepareStatement(
            "SELECT newest FROM renew_lease(?::uuid, 'one', ?, ?, interval '3 s', 1000)")) {
      statement.setString(1, self.id().toString());
      statement.setString(2, applied.feed());
      statement.setLong(3, applied.number());
      statement.execute();
    }
    return renewing;
  }

  private void awaitSomebodyBlocked() {
    Awaitility.await()
        .until(
            () ->
                database.count(
                        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                            + " AND datname = current_database()")
                    > 0);
  }

  private List<Acknowledged> holders() {
    return await(feed.holders(LEASE)).replicas();
  }

  private long newestOf(String key) {
    return await(feed.newestChangeOf(List.of(UUID.fromString(key))));
  }

  private Position at(long number) {
    return new Position(applied.feed(), number);
  }

  private Renewal renew() {
    Renewal renewal = await(feed.renew(self, applied, LEASE, MANY));
    applied = new Position(renewal.feed(), renewal.newest());
    return renewal;
  }

  private String insertKey() {
    String id = UUID.randomUUID().toString();
    database.execute(
        "INSERT INTO api_keys (id, kind, name, organization_id, user_id, created_by, key_prefix,"
            + " key_hash, pepper) VALUES ('"
            + id
            + "', 'mgp', 'n', '"
            + ORGANIZATION
            + "', '"
            + ACCOUNT
            + "', '"
            + ACCOUNT
            + "', 'mgp_0000', sha256('"
            + id
            + "'), 'p')");
    return id;
  }

  private static <T> T await(Future<T> future) {
    return future.toCompletionStage().toCompletableFuture().orTimeout(20, TimeUnit.SECONDS).join();
  }
}
