// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.faults;

import static dev.maglatch.faults.Lengths.LEASE;
import static dev.maglatch.faults.Lengths.SLACK;
import static org.assertj.core.api.Assertions.assertThat;

import dev.maglatch.faults.Load.Sample;
import dev.maglatch.postgres.PostgresServer;
import dev.maglatch.testing.PlainClient.Answer;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * The primary dies, and a streaming standby takes its place and its address. Until it is promoted
 * nobody can listen there, so it counts as lost; then it is another history.
 */
@ExtendWith(SharedFleet.class)
final class StandbyIT {
  private static final String LIST = "{\"action\":\"list\"}";
  private static final Duration NORMAL_AGAIN = Duration.ofSeconds(5);
  private static final Duration PERIOD = Duration.ofMillis(25);

  @Test
  void standbyTakesOver(Fleet fleet) {
    TestKey known = fleet.known();
    TestKey inTheGap = fleet.known();
    TestKey later = fleet.known();
    TestKey neverUsed = fleet.keys().key();
    double drops = fleet.replica(0).metric("maglatch_cache_drops_total");
    try (PostgresServer standby = fleet.database().standby(Fleet.newFolder());
        Load load = Load.onEach(fleet.replicas(), 1, PERIOD, known::token)) {
      fleet.replicas().forEach(GatewayJvm::pause); // none hears of the revoke before the loss
      fleet.keys().revokeByHand(inTheGap);
      Fleet.await(SLACK, () -> replayed(fleet.database()));
      fleet.database().kill();
      for (int i = 0; i < fleet.replicas().size(); i++) {
        fleet.relay(i).redirect(standby.port());
      }
      fleet.replicas().forEach(GatewayJvm::resume);
      fleet.awaitAll(
          replica -> replica.ops("/readyz").body().contains("degraded"), LEASE.plus(SLACK));
      for (GatewayJvm replica : fleet.replicas()) {
        assertThat(replica.get(neverUsed.token()).status()).isEqualTo(503);
        assertThat(replica.revoke(fleet.admin().token(), later).status()).isEqualTo(503);
        assertThat(replica.get(known.token()).status()).isEqualTo(200);
        assertThat(replica.manage(fleet.admin().token(), LIST).status()).isEqualTo(200);
      }

      standby.promote();

      Duration limit = NORMAL_AGAIN.plus(SLACK);
      fleet.awaitAll(replica -> replica.get(neverUsed.token()).status() == 200, limit);
      fleet.awaitAll(GatewayJvm::healthy, limit);
      for (GatewayJvm replica : fleet.replicas()) {
        assertThat(replica.get(known.token()).status()).isEqualTo(200);
        assertThat(replica.get(inTheGap.token()).status()).isEqualTo(401);
      }
      Answer answer = fleet.revoke(0, later);
      assertThat(answer.status()).isEqualTo(200);
      fleet
          .replicas()
          .forEach(replica -> assertThat(replica.get(later.token()).status()).isEqualTo(401));
      assertThat(fleet.replica(0).metric("maglatch_cache_drops_total")).isGreaterThan(drops);
      assertThat(load.stop()).isNotEmpty().allMatch(Sample::admitted);
    } finally {
      for (int i = 0; i < fleet.replicas().size(); i++) {
        fleet.relay(i).cut();
      }
    }
  }

  private static boolean replayed(PostgresServer primary) {
    return primary
        .query("SELECT pg_current_wal_lsn() <= replay_lsn FROM pg_stat_replication")
        .equals("t");
  }
}
