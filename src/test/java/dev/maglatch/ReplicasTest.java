// SPDX-License-Identifier: Apache-2.0
package dev.maglatch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.maglatch.postgres.ServerRelay;
import dev.maglatch.postgres.StatementLog;
import dev.maglatch.postgres.TestDatabase;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** How gateways in this JVM join, hear of changes, and leave, over connections that break. */
class ReplicasTest {
  private static final String OWNER =
      "{\"email\":\"owner@example.com\",\"password\":\"correct horse battery\"}";
  private static final Duration AFTER_A_CUT = Duration.ofSeconds(5); // 2, and 3 for a busy machine
  private static final Duration WHEN_BLACK_HOLED = Duration.ofSeconds(10);
  private static final String LISTEN = "LISTEN maglatch_changes";

  private final TestDatabase database = TestDatabase.create();

  @AfterEach
  void drop() {
    database.close();
  }

  /** Rule 6: whoever has a lease hears of changes, from before its first lookup. */
  @Test
  void replicaListensThenTakesItsLeaseThenLooksKeysUp() {
    try (StatementLog log = StatementLog.before(database.address());
        EchoUpstream upstream = new EchoUpstream();
        TestGateway gateway = TestGateway.begin(log.address(), upstream.url(), Map.of())) {
      gateway.awaitReady();
      String key = Tenant.in(database.address()).key(gateway.config());
      assertThat(status(gateway, key)).isEqualTo(200);

      List<String> executed = log.executed();
      int listen = first(executed, LISTEN);
      int lease = first(executed, "renew_lease");
      int lookup = first(executed, "k.key_hash = ANY");
      assertThat(listen).isNotNegative().isLessThan(lease);
      assertThat(lease).isLessThan(lookup);
    }
  }

  /** Rule 6: as long as a request may be admitted, revokers wait for this replica. */
  @Test
  void leaseIsGivenBackOnceTheServersHaveClosed() throws Exception {
    CountDownLatch answer = new CountDownLatch(1);
    try (EchoUpstream upstream = new EchoUpstream(() -> waitFor(answer))) {
      TestGateway gateway = TestGateway.begin(database.address(), upstream.url(), Map.of());
      gateway.awaitReady();
      String key = Tenant.in(database.address()).key(gateway.config());
      CompletableFuture<HttpResponse<String>> last =
          gateway.sendLater("GET", "/", null, "Authorization", "Bearer " + key);
      await().until(() -> !upstream.received.isEmpty());

      int port = gateway.gateway.httpPort();
      Future<Void> stopped = gateway.gateway.stop();
      await().until(() -> refuses(port));
      assertThat(replicas()).as("a request is still in the gateway").isOne();

      answer.countDown();
      assertThat(last.get().statusCode()).isEqualTo(200);
      TestGateway.await(stopped);
      assertThat(replicas()).isZero();
    }
  }

  /** Rule 3: the next renewal notices, and returns what was missed. */
  @Test
  void cutFeedIsEffectiveAgainWithinTwoSeconds() {
    try (ServerRelay relay = ServerRelay.before(database.address());
        EchoUpstream upstream = new EchoUpstream();
        TestGateway gateway = TestGateway.begin(relay.address(), upstream.url(), Map.of())) {
      gateway.awaitReady();
      Tenant tenant = Tenant.in(database.address());
      String inTheGap = usedKey(tenant, gateway);
      String afterwards = usedKey(tenant, gateway);

      int listens = relay.listens();

      relay.cut(LISTEN);

      assertRevokedWithin(gateway, inTheGap, AFTER_A_CUT);
      await().until(() -> relay.listens() > listens);
      assertThat(status(gateway, afterwards)).isEqualTo(200);
      assertNotified(relay, () -> assertRevokedWithin(gateway, afterwards, AFTER_A_CUT));
    }
  }

  /** Rule 3: a connection that is open and carries nothing is given up when a renewal is late. */
  @Test
  void blackHoledFeedIsEffectiveAgainWithinTenSeconds() {
    try (ServerRelay relay = ServerRelay.before(database.address());
        EchoUpstream upstream = new EchoUpstream();
        TestGateway gateway = TestGateway.begin(relay.address(), upstream.url(), Map.of())) {
      gateway.awaitReady();
      Tenant tenant = Tenant.in(database.address());
      String inTheGap = usedKey(tenant, gateway);
      String afterwards = usedKey(tenant, gateway);
      int open = relay.open();
      int listens = relay.listens();

      relay.silence(LISTEN);

      assertRevokedWithin(gateway, inTheGap, WHEN_BLACK_HOLED);
      await().until(() -> relay.listens() > listens);
      assertThat(status(gateway, afterwards)).isEqualTo(200);
      assertNotified(relay, () -> assertRevokedWithin(gateway, afterwards, WHEN_BLACK_HOLED));
      await().until(() -> relay.open() <= open); // the silent one is closed
    }
  }

  /**
   * Rule 7: what the network has forgotten is given up together with the feed's connection. Answers
   * are so patiently awaited here that they would never come on one of the old connections.
   */
  @Test
  void blackHoledNetworkIsForgottenWithTheFeed() {
    Map<String, String> patient = Map.of("MAGLATCH_DATABASE_LOOKUP_TIMEOUT", "60s");
    try (ServerRelay relay = ServerRelay.before(database.address());
        EchoUpstream upstream = new EchoUpstream();
        TestGateway gateway = TestGateway.begin(relay.address(), upstream.url(), patient)) {
      gateway.awaitReady();
      Tenant tenant = Tenant.in(database.address());
      String known = usedKey(tenant, gateway);
      String neverUsed = tenant.key(gateway.config());
      assertThat(listed(gateway, known)).isEqualTo(200);

      relay.stall();
      await().until(() -> degraded(gateway));
      CompletableFuture<?> inVain =
          gateway.sendLater("GET", "/", null, "Authorization", "Bearer " + neverUsed);
      relay.flow();
      await().until(() -> !degraded(gateway));

      long back = System.nanoTime();
      assertThat(status(gateway, tenant.key(gateway.config()))).isEqualTo(200);
      assertThat(listed(gateway, known)).isEqualTo(200);
      assertThat(Duration.ofNanos(System.nanoTime() - back)).isLessThan(WHEN_BLACK_HOLED);
      inVain.cancel(true);
    }
  }

  private static boolean degraded(TestGateway gateway) {
    return gateway.ops("/readyz").body().contains("degraded");
  }

  private static int listed(TestGateway gateway, String key) {
    return gateway
        .post(
            "/functions/v1/manage-api-keys",
            "{\"action\":\"list\"}",
            "Authorization",
            "Bearer " + key)
        .statusCode();
  }

  /** Rules 1 and 4: a logout is answered when the session is over on every replica. */
  @Test
  void sessionThatWasLoggedOutOnOneReplicaIsRefusedOnTheOtherAtOnce() {
    Map<String, String> signUp = Map.of("MAGLATCH_SESSIONS_SIGNUP", "true");
    try (EchoUpstream upstream = new EchoUpstream();
        TestGateway one = TestGateway.begin(database.address(), upstream.url(), signUp);
        TestGateway two = TestGateway.begin(database.address(), upstream.url(), signUp)) {
      one.awaitReady();
      two.awaitReady();
      String session =
          new JsonObject(one.post("/auth/v1/signup", OWNER).body()).getString("access_token");
      HttpResponse<String> again = one.post("/auth/v1/token?grant_type=password", OWNER);
      String other = new JsonObject(again.body()).getString("access_token");
      for (TestGateway gateway : List.of(one, two)) {
        assertThat(status(gateway, session)).isEqualTo(200);
        assertThat(status(gateway, other)).isEqualTo(200);
      }

      HttpResponse<String> out =
          one.post("/auth/v1/logout", "", "Authorization", "Bearer " + session);

      assertThat(out.statusCode()).isEqualTo(204);
      for (int i = 0; i < 20; i++) {
        assertThat(status(two, session)).isEqualTo(401);
        assertThat(status(one, session)).isEqualTo(401);
        assertThat(status(two, other)).isEqualTo(200);
      }
    }
  }

  private String usedKey(Tenant tenant, TestGateway gateway) {
    String key = tenant.key(gateway.config());
    assertThat(status(gateway, key)).isEqualTo(200);
    return key;
  }

  /** Notifications arrive again: the poll alone would make it true as well, only later. */
  private static void assertNotified(ServerRelay relay, Runnable change) {
    int before = relay.notifications();
    change.run();
    await().until(() -> relay.notifications() > before);
  }

  /** Revokes by hand, as psql would; nobody waits for the replicas then. */
  private void assertRevokedWithin(TestGateway gateway, String key, Duration bound) {
    database.execute(
        "UPDATE api_keys SET revoked_at = now() WHERE key_prefix = '" + key.substring(0, 8) + "'");
    await()
        .atMost(bound)
        .pollInterval(Duration.ofMillis(10))
        .untilAsserted(() -> assertThat(status(gateway, key)).isEqualTo(401));
  }

  private long replicas() {
    return database.count("SELECT count(*) FROM replicas");
  }

  private static int status(TestGateway gateway, String token) {
    return gateway.get("/", "Authorization", "Bearer " + token).statusCode();
  }

  private static int first(List<String> executed, String part) {
    for (int i = 0; i < executed.size(); i++) {
      if (executed.get(i).contains(part)) {
        return i;
      }
    }
    return -1;
  }

  private static boolean refuses(int port) {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      return socket.getInputStream().read() < 0;
    } catch (IOException refused) {
      return true;
    }
  }

  private static void waitFor(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException stopped) {
      throw new IllegalStateException(stopped);
    }
  }
}
