// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import dev.maglatch.cluster.Change;
import dev.maglatch.cluster.Change.Entity;
import dev.maglatch.cluster.ChangeFeed.Acknowledged;
import dev.maglatch.cluster.ChangeFeed.Member;
import dev.maglatch.cluster.Renewal;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.sql.Connection;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
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
  private long applied;

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
    applied = await(feed.renew(self, -1, LEASE, MANY)).newest();
    await(feed.acknowledge(self, applied));
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

  @Test
  void truncateNamesEverything() {
    database.execute("TRUNCATE api_keys CASCADE");

    assertThat(renew().changes()).extracting(Change::entity).contains(Entity.ALL);
  }

  @Test
  void usageWritesNameNothing() {
    String key = insertKey();
    renew();

    database.execute("INSERT INTO key_usage (key_id, last_used_at) VALUES ('" + key + "', now())");
    database.execute("UPDATE key_usage SET last_used_at = now() WHERE key_id = '" + key + "'");

    assertThat(renew().changes()).isEmpty();
  }

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
    assertThat(await(feed.renew(self, late.newest(), LEASE, MANY)).gap()).isFalse();
    assertThat(await(feed.renew(self, late.newest() + 1, LEASE, MANY)).gap()).isTrue();
  }

  @Test
  void revokerSeesWhoHasAppliedAKeysNewestChange() {
    String key = insertKey();
    long number = await(feed.newestChangeOf(List.of(UUID.fromString(key))));
    assertThat(number).isGreaterThan(applied);
    assertThat(await(feed.holders(LEASE)))
        .containsExactly(new Acknowledged(self.id(), applied, true));

    await(feed.acknowledge(self, number));

    assertThat(await(feed.holders(LEASE)))
        .containsExactly(new Acknowledged(self.id(), number, true));
    assertThat(await(feed.newestChangeOf(List.of(UUID.randomUUID())))).isZero();
  }

  /**
   * The interleaving that a renewal in one plain statement gets wrong: it has begun before a
   * revocation commits and ends after the revoker looked. Here the revoker waits for it.
   */
  @Test
  void revokerWaitsForARenewalThatIsBeingWritten() throws Exception {
    try (Connection renewing = database.connect()) {
      renewing.setAutoCommit(false);
      try (var statement = renewing.createStatement()) {
        statement.execute(
            "SELECT newest FROM renew_lease('"
                + self.id()
                + "', 'one', "
                + applied
                + ", interval '3 s', 1000)");
        Future<List<Acknowledged>> looking = feed.holders(LEASE);
        assertThat(await(feed.renew(new Member(UUID.randomUUID(), "two"), -1, LEASE, MANY)).gap())
            .isTrue(); // the database answers others meanwhile
        assertThat(looking.isComplete()).isFalse();
        renewing.commit();
        assertThat(await(looking)).extracting(Acknowledged::replica).contains(self.id());
      }
    }
    database.execute("DELETE FROM replicas WHERE name = 'two'");
  }

  private Renewal renew() {
    Renewal renewal = await(feed.renew(self, applied, LEASE, MANY));
    applied = renewal.newest();
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
