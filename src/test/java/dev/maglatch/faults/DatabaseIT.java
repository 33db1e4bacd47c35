// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.faults;

import static dev.maglatch.faults.Lengths.LEASE;
import static dev.maglatch.faults.Lengths.SLACK;
import static org.assertj.core.api.Assertions.assertThat;

import dev.maglatch.faults.Load.Sample;
import dev.maglatch.testing.PlainClient.Answer;
import dev.maglatch.testing.TcpRelay;
import java.time.Duration;
import java.util.List;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What three replicas make of a PostgreSQL that dies, sleeps, refuses to write or is cut off. */
@ExtendWith(SharedFleet.class)
final class DatabaseIT {
  private static final String LIST = "{\"action\":\"list\"}";
  private static final Duration PERIOD = Duration.ofMillis(25);
  private static final Duration NORMAL_AGAIN = Duration.ofSeconds(5);
  private static final Predicate<TcpRelay.Link> LISTENS = TcpRelay.having("LISTEN ");

  @Test
  void killed(Fleet fleet) {
    outage(fleet, fleet.database()::kill, fleet.database()::start);
  }

  /** Nothing is closed: every answer is just awaited in vain. */
  @Test
  void paused(Fleet fleet) {
    outage(fleet, fleet.database()::pause, fleet.database()::resume);
  }

  /** No lease can be written, so it is as if the server had been lost; reading still works. */
  @Test
  void readOnly(Fleet fleet) {
    TestKey known = fleet.known();
    TestKey neverUsed = fleet.keys().key();
    try (Load load = Load.onEach(fleet.replicas(), 1, PERIOD, known::token)) {
      fleet.database().execute("ALTER SYSTEM SET default_transaction_read_only = on");
      fleet.database().execute("SELECT pg_reload_conf()");
      awaitDegraded(fleet);
      fleet.replicas().parallelStream()
          .forEach(
              replica -> {
                assertUndecided(replica.get(neverUsed.token()));
                assertThat(replica.revoke(fleet.admin().token(), known).status()).isEqualTo(503);
                assertThat(replica.manage(fleet.admin().token(), LIST).status()).isEqualTo(200);
              });
      fleet.database().execute("ALTER SYSTEM RESET default_transaction_read_only");
      fleet.database().execute("SELECT pg_reload_conf()");
      awaitNormal(fleet, neverUsed);

      assertThat(load.stop()).isNotEmpty().allMatch(Sample::admitted);
    }
  }

  /** The pool and the lookups lose their connections at once; the feed does not. */
  @Test
  void allConnectionsButTheListeningOneAreCut(Fleet fleet) {
    TestKey known = fleet.known();
    for (int round = 0; round < 3; round++) {
      TestKey neverUsed = fleet.keys().key();
      fleet.relay(0).cut(LISTENS.negate());
      GatewayJvm replica = fleet.replica(0);

      assertThat(replica.get(known.token()).status()).isEqualTo(200);
      assertThat(replica.get(neverUsed.token()).status()).isIn(200, 503);
      Fleet.await(SLACK, () -> replica.get(neverUsed.token()).status() == 200);
      assertThat(replica.manage(fleet.admin().token(), LIST).status()).isIn(200, 503);
      Fleet.await(SLACK, () -> replica.manage(fleet.admin().token(), LIST).status() == 200);
      assertThat(replica.metric("maglatch_lease_held")).isOne();
    }
  }

  /** The new connection begins with a renewal, so nothing has to be told twice. */
  @Test
  void listeningConnectionIsCutWithARevokeInTheGap(Fleet fleet) {
    TestKey byHand = fleet.known();
    fleet.relay(1).cut(LISTENS);
    fleet.keys().revokeByHand(byHand);
    awaitRefused(fleet.replica(1), byHand, Duration.ofSeconds(2));

    TestKey byAnswer = fleet.known();
    fleet.relay(1).cut(LISTENS);
    assertThat(fleet.revoke(0, byAnswer).status()).isEqualTo(200);
    assertRefusedEverywhere(fleet, byAnswer);
  }

  /** Nobody closes the connection; the renewal that is not answered gives it away. */
  @Test
  void listeningConnectionIsBlackHoledWithARevokeInTheGap(Fleet fleet) {
    TestKey byHand = fleet.known();
    fleet.relay(1).swallow(LISTENS);
    fleet.keys().revokeByHand(byHand);
    awaitRefused(fleet.replica(1), byHand, Duration.ofSeconds(10));

    TestKey byAnswer = fleet.known();
    fleet.relay(1).swallow(LISTENS);
    Answer answer = fleet.revoke(0, byAnswer);
    assertThat(answer.status()).isEqualTo(200);
    assertRefusedEverywhere(fleet, byAnswer);
    assertThat(answer.millis()).isLessThan(LEASE.plusSeconds(1).plus(SLACK).toMillis());
  }

  @Test
  void listeningConnectionIsHalfClosedWithARevokeInTheGap(Fleet fleet) {
    TestKey byHand = fleet.known();
    fleet.relay(1).halfClose(LISTENS);
    fleet.keys().revokeByHand(byHand);
    awaitRefused(fleet.replica(1), byHand, Duration.ofSeconds(10));
  }

  /** The others answer when its lease has ended; it serves what it knows until it is back. */
  @Test
  void oneReplicaIsPartitionedFromTheDatabase(Fleet fleet) {
    TestKey known = fleet.known();
    TestKey revoked = fleet.known();
    TestKey neverUsed = fleet.keys().key();
    GatewayJvm cutOff = fleet.replica(1);
    fleet.relay(1).stall();

    Answer answer = fleet.revoke(0, revoked);

    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.header("X-Maglatch-Revocation")).startsWith("confirmed=2/3; expired=1; ");
    assertThat(answer.millis()).isLessThan(LEASE.plusSeconds(1).plus(SLACK).toMillis());
    assertThat(fleet.replica(0).get(revoked.token()).status()).isEqualTo(401);
    assertThat(fleet.replica(2).get(revoked.token()).status()).isEqualTo(401);
    Fleet.await(SLACK, () -> cutOff.ops("/readyz").body().contains("degraded"));
    assertThat(cutOff.get(known.token()).status()).isEqualTo(200);
    assertUndecided(cutOff.get(neverUsed.token()));

    fleet.relay(1).heal();
    awaitRefused(cutOff, revoked, Duration.ofSeconds(1));
    assertThat(cutOff.get(known.token()).status()).isEqualTo(200);
    assertThat(cutOff.get(neverUsed.token()).status()).isEqualTo(200);
  }

  /** What is true of every way to lose the server for a while. */
  private static void outage(Fleet fleet, Runnable lose, Runnable bringBack) {
    TestKey known = fleet.known();
    TestKey revoked = fleet.known();
    TestKey neverUsed = fleet.keys().key();
    assertThat(fleet.revoke(0, revoked).status()).isEqualTo(200);
    assertRefusedEverywhere(fleet, revoked);
    try (Load load = Load.onEach(fleet.replicas(), 2, PERIOD, known::token)) {
      long lost = System.nanoTime();
      lose.run();
      assertUndecided(fleet.replica(2).get(neverUsed.token()));
      awaitDegraded(fleet);
      fleet.replicas().parallelStream()
          .forEach(
              replica -> {
                assertUndecided(replica.get(neverUsed.token()));
                assertThat(replica.get(revoked.token()).status()).isEqualTo(401);
                assertThat(replica.get("mgp_nonsense").status()).isEqualTo(401);
                assertThat(replica.manage(fleet.admin().token(), LIST).status()).isEqualTo(503);
                assertThat(replica.ops("/livez").status()).isEqualTo(200);
                assertThat(replica.metric("maglatch_lease_held")).isZero();
                assertThat(replica.metric("maglatch_stale_admissions_total")).isPositive();
              });
      Lengths.pass(Lengths.OUTAGE.minusNanos(System.nanoTime() - lost));
      bringBack.run();
      awaitNormal(fleet, neverUsed);

      assertThat(load.stop()).isNotEmpty().allMatch(Sample::admitted);
      assertThat(fleet.replica(1).get(revoked.token()).status()).isEqualTo(401);
    }
  }

  private static void awaitDegraded(Fleet fleet) {
    fleet.awaitAll(
        replica -> {
          Answer ready = replica.ops("/readyz");
          return ready.status() == 200 && ready.body().contains("\"degraded\":[\"database\"]");
        },
        LEASE.plus(SLACK));
  }

  private static void awaitNormal(Fleet fleet, TestKey neverUsed) {
    Duration limit = NORMAL_AGAIN.plus(SLACK);
    fleet.awaitAll(replica -> replica.get(neverUsed.token()).status() == 200, limit);
    fleet.awaitAll(GatewayJvm::healthy, limit);
    fleet.awaitAll(replica -> replica.manage(fleet.admin().token(), LIST).status() == 200, limit);
  }

  private static void awaitRefused(GatewayJvm replica, TestKey key, Duration limit) {
    Fleet.await(limit.plus(SLACK), () -> replica.get(key.token()).status() == 401);
    for (int i = 0; i < 20; i++) {
      assertThat(replica.get(key.token()).status()).isEqualTo(401);
    }
  }

  private static void assertRefusedEverywhere(Fleet fleet, TestKey key) {
    List<Integer> statuses =
        fleet.replicas().stream().map(replica -> replica.get(key.token()).status()).toList();
    assertThat(statuses).containsOnly(401);
  }

  private static void assertUndecided(Answer answer) {
    assertThat(answer.status()).isEqualTo(503);
    assertThat(answer.header("Retry-After")).isNotEmpty();
  }
}
