// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.faults;

import static dev.maglatch.faults.Lengths.SLACK;
import static org.assertj.core.api.Assertions.assertThat;

import dev.maglatch.testing.PlainClient;
import dev.maglatch.testing.PlainClient.Answer;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/** PostgreSQL has no room to write. It may go on reading, or panic and not come back by itself. */
@EnabledIfSystemProperty(
    named = "faults.full",
    matches = "true",
    disabledReason = "mounts a file system: the Maven profile faults")
final class DiskIT {
  private static final int MEGABYTES = 160;
  private static final int REPLICAS = 2;
  private static final Duration LONG = Duration.ofSeconds(60);
  private static final Duration NORMAL_AGAIN = Duration.ofSeconds(5);
  private static final Duration PERIOD = Duration.ofMillis(25);

  @Test
  void diskUnderPostgresIsFull() throws Exception {
    try (SmallDisk disk = SmallDisk.mount(Fleet.newFolder(), MEGABYTES);
        Fleet fleet = Fleet.start(disk.folder(), REPLICAS, Map.of())) {
      TestKey known = fleet.known();
      TestKey revoked = fleet.known();
      TestKey owner = fleet.keys().organizationKey(null);
      TestKey neverUsed = fleet.keys().key();
      assertThat(fleet.revoke(0, revoked).status()).isEqualTo(200);
      assertThat(create(fleet.replica(0), owner)).isEqualTo(200);
      try (Load load = Load.onEach(fleet.replicas(), 2, PERIOD, known::token)) {
        disk.fill();
        Fleet.await(LONG, () -> createFails(fleet.replica(0), owner));
        for (GatewayJvm replica : fleet.replicas()) {
          Fleet.await(LONG, () -> createFails(replica, owner));
          assertThat(replica.get(known.token()).status()).isEqualTo(200);
          assertThat(replica.get(neverUsed.token()).status()).isIn(200, 503);
          assertThat(replica.get(revoked.token()).status()).isEqualTo(401);
          assertThat(replica.ops("/livez").status()).isEqualTo(200);
          assertThat(replica.ops("/readyz").status()).isEqualTo(200);
        }
        Lengths.pass(Lengths.OUTAGE);

        disk.makeRoom();
        if (!fleet.database().running()) {
          fleet.database().launch(); // a server that could not recover for want of room has ended
        }
        fleet.database().awaitAnswer();

        Duration limit = NORMAL_AGAIN.plus(SLACK);
        fleet.awaitAll(replica -> create(replica, owner) == 200, limit);
        fleet.awaitAll(GatewayJvm::healthy, limit);
        fleet.awaitAll(replica -> replica.get(neverUsed.token()).status() == 200, limit);
        assertThat(load.stop()).filteredOn(sample -> !sample.admitted()).isEmpty();
        for (GatewayJvm replica : fleet.replicas()) {
          assertThat(replica.get(revoked.token()).status()).isEqualTo(401);
        }
      }
    }
  }

  /** There is room in pages that were begun: the first few may still succeed. */
  private static boolean createFails(GatewayJvm replica, TestKey owner) {
    int status = create(replica, owner);
    assertThat(status).isIn(200, 503);
    return status == 503;
  }

  private static int create(GatewayJvm replica, TestKey owner) {
    try (PlainClient client = replica.client()) {
      Answer answer = client.post("/v1/api-keys", owner.token(), "{\"name\":\"new\"}");
      return answer.status();
    }
  }
}
