// SPDX-License-Identifier: Apache-2.0
package dev.maglatch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.maglatch.postgres.TestDatabase;
import dev.maglatch.testing.HookReceiver;
import dev.maglatch.testing.HookReceiver.Hook;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Two gateway processes share the deliveries, and one of them is killed. */
class WebhookCrashIT {
  private static final int EVENTS = 1_000;
  private static final int IN_FLIGHT = EVENTS / 2; // of each replica
  private static final Duration PATIENCE = Duration.ofMinutes(2);
  private static final String TOKEN = "a-token-for-upstreams";
  private static final HttpClient CLIENT = HttpClient.newHttpClient();

  /** Keeps every claim that is ever made, and how long it is good. */
  private static final String NOTE_CLAIMS =
      """
      CREATE TABLE claims (delivery_id uuid, claim bigint, claimed_by uuid,
                           claimed_at timestamptz, lease_ends timestamptz);
      CREATE FUNCTION note_claim() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        INSERT INTO claims VALUES (NEW.id, NEW.claim, NEW.claimed_by, clock_timestamp(), NEW.due_at);
        RETURN NULL;
      END $$;
      CREATE TRIGGER note_claim AFTER UPDATE OF claim ON webhook_deliveries
        FOR EACH ROW EXECUTE FUNCTION note_claim();
      """;

  /** Claims of what another claim held that was neither settled nor over. */
  private static final String OVERLAPS =
      """
      SELECT count(*) FROM claims AS later
        JOIN claims AS earlier
          ON earlier.delivery_id = later.delivery_id AND earlier.claim < later.claim
       WHERE later.claimed_at < earlier.lease_ends
         AND NOT EXISTS (SELECT 1 FROM webhook_attempts AS made
                          WHERE made.delivery_id = earlier.delivery_id
                            AND made.claim = earlier.claim)
      """;

  private static final String REPLICAS = "SELECT count(DISTINCT claimed_by) FROM claims";
  private static final String CLAIMED_AGAIN =
      "SELECT count(DISTINCT delivery_id) FROM claims WHERE claim > 1";

  private final Set<String> held = ConcurrentHashMap.newKeySet();
  private final AtomicInteger heldTwice = new AtomicInteger();
  private final CountDownLatch killed = new CountDownLatch(1);
  private TestDatabase database;
  private HookReceiver receiver;
  private Tenant tenant;

  @BeforeEach
  void start() {
    database = TestDatabase.create();
    database.execute(NOTE_CLAIMS);
    receiver =
        new HookReceiver(
            (hook, socket) -> {
              if (!held.add(hook.id())) {
                heldTwice.incrementAndGet();
              }
              killed.await(); // the attempt's timeout at the latest
              held.remove(hook.id());
              return HookReceiver.GOOD.answer(hook, socket);
            });
    tenant = Tenant.in(database.address());
  }

  @AfterEach
  void stop() {
    killed.countDown();
    receiver.close();
    database.close();
  }

  /**
   * A thousand deliveries are in flight at once, half of them of each replica, when one is killed.
   * Nothing is lost, ids stay the same, and nobody tries what another one is just trying.
   */
  @Test
  void killedReplicaLosesNothing() throws Exception {
    try (GatewayProcess one = gateway();
        GatewayProcess two = gateway()) {
      Set<String> published = publishAllAtOnce(one, two);

      await().atMost(PATIENCE).until(() -> held.size() == EVENTS);
      assertThat(database.count(REPLICAS)).isEqualTo(2);
      assertThat(database.count(CLAIMED_AGAIN)).isZero();
      one.kill();
      killed.countDown();

      await().atMost(PATIENCE).until(() -> deliveries("status <> 'delivered'") == 0);
      Map<String, List<Hook>> arrived =
          receiver.hooks.stream().collect(Collectors.groupingBy(Hook::id));
      assertThat(arrived).hasSize(EVENTS).containsOnlyKeys(published);
      assertThat(arrived.values())
          .allSatisfy(same -> assertThat(same.stream().map(Hook::body).distinct()).hasSize(1));
      assertThat(heldTwice).as("tried by two at once").hasValue(0);
      assertThat(database.count(OVERLAPS)).as("claimed by two at once").isZero();
      assertThat(database.count(CLAIMED_AGAIN))
          .as("what the killed one had in hand")
          .isEqualTo(IN_FLIGHT);
      assertThat(receiver.hooks).hasSize(EVENTS + IN_FLIGHT);
    }
  }

  /** No delivery is due before the last event is published, that of the key's creation included. */
  private Set<String> publishAllAtOnce(GatewayProcess one, GatewayProcess two) throws Exception {
    String due = "ALTER TABLE webhook_deliveries ALTER COLUMN due_at SET DEFAULT ";
    database.execute(due + "'infinity'");
    hook(two);
    Set<String> published = new HashSet<>();
    published.add(text("SELECT id FROM webhook_events"));
    for (int i = 1; i < EVENTS; i++) {
      published.add(publish(i % 2 == 0 ? one : two, i));
    }
    database.execute(due + "clock_timestamp()");
    database.execute(
        "UPDATE webhook_deliveries SET due_at = clock_timestamp() WHERE due_at = 'infinity'");
    database.execute("SELECT pg_notify('maglatch_webhooks', '')");
    return published;
  }

  private String text(String sql) throws SQLException {
    try (Connection connection = database.connect();
        ResultSet row = connection.createStatement().executeQuery(sql)) {
      row.next();
      return row.getString(1);
    }
  }

  private long deliveries(String condition) {
    return database.count("SELECT count(*) FROM webhook_deliveries WHERE " + condition);
  }

  private GatewayProcess gateway() {
    return GatewayProcess.serve(
        database.address(),
        Map.of(
            "MAGLATCH_PROXY_UPSTREAM", "http://127.0.0.1:1",
            "MAGLATCH_SECRETS_MASTER", TestGateway.MASTER,
            "MAGLATCH_EVENTS_TOKEN", TOKEN,
            "MAGLATCH_WEBHOOKS_ALLOW_HTTP", "true",
            "MAGLATCH_WEBHOOKS_ALLOWED_CIDRS", "127.0.0.0/8",
            "MAGLATCH_WEBHOOKS_MAX_IN_FLIGHT", String.valueOf(IN_FLIGHT),
            "MAGLATCH_WEBHOOKS_PER_DESTINATION", String.valueOf(IN_FLIGHT),
            "MAGLATCH_WEBHOOKS_TIMEOUT", "30s",
            "MAGLATCH_WEBHOOKS_LEASE", "40s"));
  }

  private void hook(GatewayProcess gateway) throws Exception {
    Map<String, String> environment =
        new HashMap<>(TestGateway.environment(database.address(), "http://127.0.0.1:1"));
    String key = tenant.key(TestGateway.config(environment));
    JsonObject command =
        new JsonObject()
            .put("action", "generate")
            .put("name", "hooked")
            .put("webhook_url", receiver.url());
    HttpResponse<String> made = post(gateway.url() + "/functions/v1/manage-api-keys", command, key);
    assertThat(made.statusCode()).as(made.body()).isEqualTo(200);
  }

  private String publish(GatewayProcess gateway, int number) throws Exception {
    JsonObject event =
        new JsonObject()
            .put("account_id", tenant.account().toString())
            .put("event", "number")
            .put("data", new JsonObject().put("n", number));
    HttpResponse<String> taken = post(gateway.opsUrl() + "/_maglatch/events", event, TOKEN);
    assertThat(taken.statusCode()).as(taken.body()).isEqualTo(202);
    return new JsonObject(taken.body()).getString("id");
  }

  private static HttpResponse<String> post(String url, JsonObject body, String bearer)
      throws IOException, InterruptedException {
    return CLIENT.send(
        HttpRequest.newBuilder(URI.create(url))
            .timeout(Duration.ofSeconds(30))
            .header("Authorization", "Bearer " + bearer)
            .POST(BodyPublishers.ofString(body.encode()))
            .build(),
        BodyHandlers.ofString());
  }
}
