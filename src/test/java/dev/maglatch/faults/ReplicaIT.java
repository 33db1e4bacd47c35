// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.faults;

import static dev.maglatch.faults.Lengths.LEASE;
import static dev.maglatch.faults.Lengths.SLACK;
import static org.assertj.core.api.Assertions.assertThat;

import dev.maglatch.faults.Load.Sample;
import dev.maglatch.proxy.RawConnection;
import dev.maglatch.testing.ChildProcess;
import dev.maglatch.testing.PlainClient.Answer;
import dev.maglatch.testing.TcpRelay;
import io.vertx.core.json.JsonObject;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Three replicas, of which one dies, sleeps or is replaced. */
@ExtendWith(SharedFleet.class)
final class ReplicaIT {
  private static final Duration PERIOD = Duration.ofMillis(25);
  private static final String LAST_CHUNK = "0\r\n\r\n";
  private static final String UPGRADE =
      """
      Connection: upgrade\r
      Upgrade: websocket\r
      Sec-WebSocket-Version: 13\r
      Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r
      """;

  /** A close frame with 1008 (RFC 6455, 7.4.1) and a reason. */
  private static final String POLICY_VIOLATION = "\u0088\u000e\u0003\u00f0Unauthorized";

  private static final Duration WITHOUT_ONE = LEASE.plusSeconds(1).plus(SLACK);

  /** The revoker waits for its lease to end, and no longer; the others go on. */
  @Test
  void oneIsKilled(Fleet fleet) {
    TestKey known = fleet.known();
    TestKey revoked = fleet.known();
    List<GatewayJvm> others = List.of(fleet.replica(0), fleet.replica(2));
    try (Load load = Load.onEach(others, 2, PERIOD, known::token)) {
      fleet.replica(1).kill();

      Answer answer = fleet.revoke(0, revoked);

      assertThat(answer.status()).isEqualTo(200);
      assertThat(answer.header("X-Maglatch-Revocation")).startsWith("confirmed=2/3; expired=1; ");
      assertThat(answer.millis()).isLessThan(WITHOUT_ONE.toMillis());
      others.forEach(replica -> assertRefused(replica, revoked));
      assertThat(load.stop()).isNotEmpty().allMatch(Sample::admitted);
    }
  }

  /** What it knew is worth nothing when it wakes, though no timer of it has run. */
  @Test
  void oneIsPausedAndRefusesFromItsFirstRequestOn(Fleet fleet) {
    for (int round = 0; round < Lengths.ROUNDS; round++) {
      TestKey revoked = fleet.known();
      GatewayJvm paused = fleet.replica(1);
      String request = "GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer " + revoked.token();
      try (RawConnection one = new RawConnection(paused.port());
          RawConnection two = new RawConnection(paused.port())) {
        assertThat(one.send(request + "\r\n\r\n").read().status()).isEqualTo(200);
        assertThat(two.send(request + "\r\n\r\n").read().status()).isEqualTo(200);
        paused.pause();

        Answer answer = fleet.revoke(0, revoked);
        one.send(request + "\r\n\r\n");
        two.send(request + "\r\n\r\n");
        paused.resume();

        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.header("X-Maglatch-Revocation")).contains("confirmed=2/3; expired=1; ");
        assertThat(answer.millis()).isLessThan(WITHOUT_ONE.toMillis());
        assertThat(one.read().status()).isEqualTo(401);
        assertThat(two.read().status()).isEqualTo(401);
      }
      fleet.restore();
    }
  }

  /**
   * Behind a load balancer that asks for readiness nobody notices, though nothing is sent twice,
   * and every use is in the table.
   */
  @Test
  void allAreReplacedOneByOneUnderLoad(Fleet fleet) throws Exception {
    TestKey known = fleet.known();
    try (Load load = Load.probed(fleet.replicas(), 6, PERIOD, known::token)) {
      for (int round = 0; round < Lengths.ROUNDS; round++) {
        for (GatewayJvm replica : fleet.replicas()) {
          assertThat(replica.stop()).isZero();
          replica.start().awaitReady();
        }
      }
      List<Sample> samples = load.stop();

      assertThat(samples).isNotEmpty();
      assertThat(samples).filteredOn(sample -> !sample.admitted()).isEmpty();
      long answered = 0L + samples.size() + fleet.replicas().size();
      Fleet.await(SLACK, () -> recorded(fleet, known) >= answered);
      assertThat(recorded(fleet, known)).isEqualTo(answered);
    }
  }

  /** The client asks another replica, which must not say more than it knows. */
  @Test
  void theRevokingOneIsKilledBetweenCommitAndAcknowledgement(Fleet fleet) {
    TestKey key = fleet.known();
    fleet.relay(1).swallow(TcpRelay.having("LISTEN ")); // acknowledges late
    List<GatewayJvm> others = List.of(fleet.replica(1), fleet.replica(2));
    try (Load load = Load.onEach(others, 2, Duration.ofMillis(5), key::token)) {
      CompletableFuture<Answer> first = CompletableFuture.supplyAsync(() -> fleet.revoke(0, key));
      Fleet.await(SLACK, () -> revoked(fleet, key));
      fleet.replica(0).kill();
      assertThat(first.orTimeout(30, TimeUnit.SECONDS).join().status()).isZero();

      Answer again = fleet.revoke(2, key);

      assertThat(again.status()).isEqualTo(404);
      assertThat(again.header("X-Maglatch-Revocation")).startsWith("confirmed=");
      others.forEach(replica -> assertRefused(replica, key));
      assertThat(load.stop())
          .filteredOn(sample -> sample.answer().sentNanos() - again.endedNanos() > 0)
          .noneMatch(Sample::admitted);
    }
  }

  /** Rule 8, whichever replica revokes. */
  @Test
  void openStreamsOfARevokedKeyEndEverywhere(Fleet fleet) {
    TestKey key = fleet.known();
    List<RawConnection> events = new ArrayList<>();
    List<RawConnection> sockets = new ArrayList<>();
    for (GatewayJvm replica : fleet.replicas()) {
      events.add(new RawConnection(replica.port()).send(request(key, "/events", "")));
      sockets.add(new RawConnection(replica.port()).send(request(key, "/", UPGRADE)));
    }
    events.forEach(stream -> stream.readUntil("hello"));
    sockets.forEach(stream -> stream.readUntil("hello"));

    Answer answer = fleet.revoke(0, key);

    assertThat(answer.header("X-Maglatch-Revocation")).startsWith("confirmed=3/3; ");
    assertThat(events)
        .extracting(RawConnection::readToEnd)
        .noneMatch(rest -> rest.endsWith(LAST_CHUNK));
    assertThat(sockets).extracting(RawConnection::readToEnd).allMatch(POLICY_VIOLATION::equals);
    assertThat(Duration.ofNanos(System.nanoTime() - answer.endedNanos()))
        .isLessThan(Duration.ofSeconds(1).plus(SLACK));
    events.forEach(RawConnection::close);
    sockets.forEach(RawConnection::close);
  }

  @Test
  void newKeyIsUsableEverywhereAtOnce(Fleet fleet) {
    String create = "{\"action\":\"generate\",\"name\":\"new\"}";
    KeyRing fewKeys = new KeyRing(fleet.database()); // an account may not have more than ten
    Answer made = fleet.replica(0).manage(fewKeys.key().token(), create);
    assertThat(made.status()).isEqualTo(200);
    String token = new JsonObject(made.body()).getString("key");

    for (GatewayJvm replica : fleet.replicas()) {
      assertThat(replica.get(token).status()).isEqualTo(200);
    }
  }

  /** "No such key" was remembered everywhere, and is forgotten before the import has ended. */
  @Test
  void importedKeyIsUsableEverywhereAtOnceThoughItWasTriedBefore(Fleet fleet, @TempDir Path folder)
      throws Exception {
    TestKey key = fleet.keys().unborn();
    for (GatewayJvm replica : fleet.replicas()) {
      assertRefused(replica, key);
    }
    Path file = folder.resolve("keys.csv");
    Files.writeString(
        file,
        "account_email,kind,name,token,created_at,last_used_at,scope,expires_at\n"
            + fleet.keys().email()
            + ",mgp,imported,"
            + key.token()
            + ",,,,\n");

    try (ChildProcess command = fleet.command("key", "import", file.toString())) {
      assertThat(command.awaitExit()).as(command.errors()).isZero();
    }

    for (GatewayJvm replica : fleet.replicas()) {
      assertThat(replica.get(key.token()).status()).isEqualTo(200);
    }
  }

  /** Disabled and enabled by the owner, as the organization routes do. */
  @Test
  void enabledServiceAccountCountsEverywhereAtOnce(Fleet fleet) {
    TestKey owner = fleet.keys().organizationKey(null);
    UUID serviceAccount = fleet.keys().serviceAccount();
    TestKey key = fleet.keys().organizationKey(serviceAccount);
    String route = "/v1/service-accounts/" + serviceAccount;
    for (int round = 0; round < 3; round++) {
      fleet.replicas().forEach(replica -> assertAdmitted(replica, key));
      assertThat(fleet.post(round, route + "/disable", owner).status()).isEqualTo(200);
      fleet.replicas().forEach(replica -> assertRefused(replica, key));
      assertThat(fleet.post(round, route + "/enable", owner).status()).isEqualTo(200);
    }
    fleet.replicas().forEach(replica -> assertAdmitted(replica, key));
  }

  private static void assertRefused(GatewayJvm replica, TestKey key) {
    assertThat(replica.get(key.token()).status()).isEqualTo(401);
  }

  private static void assertAdmitted(GatewayJvm replica, TestKey key) {
    assertThat(replica.get(key.token()).status()).isEqualTo(200);
  }

  private static boolean revoked(Fleet fleet, TestKey key) {
    return fleet
        .database()
        .query("SELECT revoked_at IS NOT NULL FROM api_keys WHERE id = '" + key.id() + "'")
        .equals("t");
  }

  private static String request(TestKey key, String path, String fields) {
    return "GET "
        + path
        + " HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer "
        + key.token()
        + "\r\n"
        + fields
        + "\r\n";
  }

  private static long recorded(Fleet fleet, TestKey key) {
    return Long.parseLong(
        fleet
            .database()
            .query(
                "SELECT coalesce(sum(requests), 0) FROM key_usage_hours WHERE key_id = '"
                    + key.id()
                    + "'"));
  }
}
