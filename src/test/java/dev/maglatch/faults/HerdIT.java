// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.faults;

import static org.assertj.core.api.Assertions.assertThat;

import dev.maglatch.faults.Load.Sample;
import dev.maglatch.postgres.StatementLog;
import dev.maglatch.proxy.RawConnection;
import dev.maglatch.testing.PlainClient.Ending;
import dev.maglatch.testing.TcpRelay;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Many requests at once must not become many queries. Every statement is written down. */
@ExtendWith(SharedFleet.class)
final class HerdIT {
  private static final int CONNECTIONS = 2_000;
  private static final int KEYS = 50;

  /**
   * The pool, one for lookups of keys, one of sessions, the feed's two, one of webhooks, four of
   * usage and events, one at the start.
   */
  private static final int MOST_CONNECTIONS = 8 + 1 + 1 + 2 + 1 + 4 + 1;

  private static final Duration TTL = Duration.ofSeconds(5);

  private final List<TcpRelay> relays = new ArrayList<>();
  private final List<StatementLog> logs = new ArrayList<>();

  @BeforeEach
  void kill(Fleet fleet) {
    for (GatewayJvm replica : fleet.replicas()) {
      replica.kill();
      TcpRelay relay = TcpRelay.to(fleet.database().port());
      relays.add(relay);
      logs.add(StatementLog.before(fleet.database().at(relay.port())));
    }
  }

  /** In order, so that nobody waits for leases that are longer than others' here. */
  @AfterEach
  void stop(Fleet fleet) throws InterruptedException {
    for (GatewayJvm replica : fleet.replicas()) {
      replica.stop();
    }
    logs.forEach(StatementLog::close);
    relays.forEach(TcpRelay::close);
  }

  /** Nobody can be served before the first is up; from then on nothing fails. */
  @Test
  void threeReplicasRestartedAtOnceUnderLoad(Fleet fleet) {
    List<String> tokens = fleet.keys().keys(KEYS).stream().map(TestKey::token).toList();
    try (Load load =
        Load.balanced(
            fleet.replicas(),
            8,
            Duration.ofMillis(10),
            () -> tokens.get(ThreadLocalRandom.current().nextInt(KEYS)))) {
      start(fleet, Map.of());
      Fleet.await(
          Duration.ofSeconds(20),
          () -> load.samples().stream().filter(Sample::admitted).count() > 3_000);

      assertThat(load.stop())
          .filteredOn(sample -> sample.answer().ending() != Ending.REFUSED)
          .allMatch(Sample::admitted);
    }
    for (int i = 0; i < logs.size(); i++) {
      assertThat(lookups(logs.get(i))).isBetween(1L, (long) KEYS);
      assertThat(relays.get(i).mostConnections()).isLessThanOrEqualTo(MOST_CONNECTIONS);
    }
  }

  /**
   * One query, shared. Where the machine is so busy that the entry expires again before the last
   * request is read, there may be one or two more.
   */
  @Test
  void twoThousandConnectionsOnOneKeyAsItsEntryExpires(Fleet fleet) {
    TestKey key = fleet.keys().key();
    start(
        fleet,
        Map.of(
            "MAGLATCH_CACHE_TTL",
            TTL.toSeconds() + "s",
            "MAGLATCH_DATABASE_LOOKUP_TIMEOUT",
            "30s", // however busy the machine; without a lease a new key would be undecided
            "MAGLATCH_CLUSTER_LEASE",
            "60s",
            "MAGLATCH_CLUSTER_RENEWAL",
            "20s"));
    List<RawConnection> connections = new ArrayList<>();
    try {
      for (int i = 0; i < CONNECTIONS; i++) {
        connections.add(new RawConnection(fleet.replicas().get(i % logs.size()).port()));
      }
      askAll(connections, key);
      logs.forEach(StatementLog::clear);
      Lengths.pass(TTL);

      askAll(connections, key);

      assertThat(logs)
          .extracting(HerdIT::lookups)
          .allMatch(queries -> queries >= 1 && queries <= 3);
    } finally {
      connections.forEach(RawConnection::close);
    }
  }

  private void start(Fleet fleet, Map<String, String> settings) {
    for (int i = 0; i < logs.size(); i++) {
      Map<String, String> all = new java.util.HashMap<>(settings);
      all.put("MAGLATCH_DATABASE_URL", logs.get(i).address().url());
      fleet.replica(i).start(all);
    }
    fleet.replicas().forEach(GatewayJvm::awaitReady);
  }

  private static void askAll(List<RawConnection> connections, TestKey key) {
    String request =
        "GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer " + key.token() + "\r\n\r\n";
    connections.forEach(connection -> connection.send(request));
    for (RawConnection connection : connections) {
      assertThat(connection.read().status()).isEqualTo(200);
    }
  }

  private static long lookups(StatementLog log) {
    return log.executed().stream().filter(sql -> sql.contains("k.key_hash = ANY")).count();
  }
}
