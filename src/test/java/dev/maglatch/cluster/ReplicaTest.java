// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import dev.maglatch.cluster.ChangeFeed.Member;
import dev.maglatch.cluster.Lease.Standing;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a replica makes of failures, with its thread, clock and feed in the test's hand. */
class ReplicaTest {
  private static final long SECOND = 1_000_000_000L;
  private static final ClusterConfig CONFIG =
      new ClusterConfig(Duration.ofSeconds(3), Duration.ofSeconds(1), 1_000);

  private final Deque<Runnable> soon = new ArrayDeque<>();
  private final Deque<Runnable> timers = new ArrayDeque<>();
  private final List<Promise<Renewal>> renewals = new ArrayList<>();
  private long now = 100 * SECOND;
  private final Lease lease = new Lease(CONFIG.lease(), new NoEvictions());
  private final Replica replica =
      new Replica(
          new TestLoop(),
          new Feed(),
          lease,
          new DatabaseClock(() -> Instant.EPOCH, () -> now),
          new Member(UUID.randomUUID(), "test"),
          CONFIG,
          () -> now,
          ClusterMetrics.NONE);

  @BeforeEach
  void join() {
    Future<Void> joined = replica.start();
    run();
    answer();
    assertThat(joined.succeeded()).isTrue();
    assertThat(lease.standing(now)).isEqualTo(Standing.HELD);
  }

  @Test
  void silenceThatLastsAsLongAsTheTimeOutIsTheDatabases() {
    for (int i = 0; i < 3; i++) {
      sendNext();
      fail(SECOND);
    }

    assertThat(lease.standing(now)).isEqualTo(Standing.LOST);
  }

  /** Rule 7: the time-out of a question from before the sleep says nothing. */
  @Test
  void silenceThatThisProcessSleptThroughIsNotTheDatabases() {
    sendNext();
    fail(10 * SECOND);

    assertThat(lease.standing(now)).isEqualTo(Standing.UNCERTAIN);
    assertThat(renewals).as("asks again at once").hasSize(3);
    answer();
    assertThat(lease.standing(now)).isEqualTo(Standing.HELD);
  }

  @Test
  void databaseThatIsSilentAfterTheSleepTooIsLost() {
    sendNext();
    fail(10 * SECOND);
    fail(SECOND);

    assertThat(lease.standing(now)).isEqualTo(Standing.LOST);
  }

  private void sendNext() {
    timers.remove().run();
    run();
  }

  private void fail(long afterNanos) {
    now += afterNanos;
    newest().fail("late");
    run();
  }

  private void answer() {
    newest().complete(new Renewal("feed", true, 0, false, List.of(), Instant.EPOCH, 1));
    run();
  }

  private Promise<Renewal> newest() {
    return renewals.get(renewals.size() - 1);
  }

  private void run() {
    while (!soon.isEmpty()) {
      soon.remove().run();
    }
  }

  private final class TestLoop implements Loop {
    @Override
    public void run(Runnable work) {
      soon.add(work);
    }

    @Override
    public Runnable later(long millis, Runnable work) {
      timers.clear(); // a replica has one timer
      timers.add(work);
      return () -> timers.remove(work);
    }
  }

  private final class Feed implements ChangeFeed {
    @Override
    public Future<Void> listen(Runnable onNotification) {
      return Future.succeededFuture();
    }

    @Override
    public Future<Renewal> renew(Member member, Position applied, Duration lease, int maxChanges) {
      Promise<Renewal> promise = Promise.promise();
      renewals.add(promise);
      return promise.future();
    }

    @Override
    public Future<Void> acknowledge(Member member, long applied) {
      return Future.succeededFuture();
    }

    @Override
    public Future<Void> leave(Member member) {
      return Future.succeededFuture();
    }

    @Override
    public Future<Long> newestChangeOf(List<UUID> entities) {
      return Future.succeededFuture(0L);
    }

    @Override
    public Future<Holders> holders(Duration grace) {
      return Future.succeededFuture(new Holders(true, List.of()));
    }

    @Override
    public Future<Void> prune(Duration keep) {
      return Future.succeededFuture();
    }
  }

  private static final class NoEvictions implements Evictions {
    @Override
    public void changed(Change change) {}

    @Override
    public void everythingChanged() {}
  }
}
