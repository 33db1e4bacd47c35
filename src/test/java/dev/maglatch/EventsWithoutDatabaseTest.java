// SPDX-License-Identifier: Apache-2.0
package dev.maglatch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.maglatch.postgres.ServerRelay;
import dev.maglatch.postgres.TestDatabase;
import dev.maglatch.testing.HookReceiver;
import io.vertx.core.json.JsonObject;
import java.net.http.HttpResponse;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Events of upstreams while the database is lost: 202 is said of what is committed alone. */
class EventsWithoutDatabaseTest {
  private static final String ROUTE = "/functions/v1/manage-api-keys";
  private static final String TOKEN = "a-token-for-upstreams";
  private static final String STORED = "SELECT count(*) FROM webhook_events WHERE event = 'paid'";

  private static final String UNDELIVERED =
      "SELECT count(*) FROM webhook_deliveries WHERE status <> 'delivered'";

  /** Lets a commit that stores an event wait for as long as somebody holds the lock. */
  private static final String HOLD_COMMITS =
      """
      CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql SET lock_timeout = 0 AS $$
      BEGIN
        PERFORM pg_advisory_xact_lock_shared(7);
        RETURN NULL;
      END $$;
      CREATE CONSTRAINT TRIGGER hold AFTER INSERT ON webhook_events
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION hold();
      """;

  private static final String HELD =
      """
      SELECT count(*) FROM pg_stat_activity
       WHERE datname = current_database() AND wait_event = 'advisory'
      """;

  private final TestDatabase database = TestDatabase.create();
  private final ServerRelay network = ServerRelay.before(database.address());
  private final HookReceiver receiver = new HookReceiver(HookReceiver.GOOD);
  private final TestGateway gateway =
      TestGateway.begin(
          network.address(),
          "http://127.0.0.1:1",
          Map.of(
              "MAGLATCH_WEBHOOKS_ALLOW_HTTP", "true",
              "MAGLATCH_WEBHOOKS_ALLOWED_CIDRS", "127.0.0.0/8",
              "MAGLATCH_EVENTS_TOKEN", TOKEN));
  private String event = "";

  @BeforeEach
  void hook() {
    gateway.awaitReady();
    Tenant tenant = Tenant.in(database.address());
    JsonObject command =
        new JsonObject()
            .put("action", "generate")
            .put("name", "hooked")
            .put("webhook_url", receiver.url());
    String bearer = "Bearer " + tenant.key(gateway.config());
    HttpResponse<String> made = gateway.post(ROUTE, command.encode(), "Authorization", bearer);
    assertThat(made.statusCode()).as(made.body()).isEqualTo(200);
    event =
        new JsonObject()
            .put("account_id", tenant.account().toString())
            .put("event", "paid")
            .put("data", new JsonObject().put("order", 7))
            .encode();
    awaitAllDelivered(); // what a replica has in hand when it loses the database comes much later
  }

  @AfterEach
  void stop() {
    network.flow();
    gateway.close();
    receiver.close();
    network.close();
    database.close();
  }

  @Test
  void eventIsRefusedWithoutADatabaseAndTakenInOnceWithIt() {
    network.refuse();

    for (int i = 0; i < 3; i++) {
      HttpResponse<String> refused = publish();
      assertThat(refused.statusCode()).isEqualTo(503);
      assertThat(refused.headers().firstValue("Retry-After")).isPresent();
    }
    assertThat(database.count(STORED)).isZero();

    network.flow();
    await().untilAsserted(() -> assertThat(publish().statusCode()).isEqualTo(202));
    assertThat(publish().headers().firstValue("Idempotency-Replayed")).hasValue("true");
    assertThat(database.count(STORED)).isOne();
    awaitTheOnlyDelivery();
  }

  /** The commit was on its way when the connection ended: nobody here knows what became of it. */
  @Test
  void eventWhoseCommitNobodyHeardOfIs503AndThereOnceWhenItIsSentAgain() throws Exception {
    database.execute(HOLD_COMMITS);
    CompletableFuture<HttpResponse<String>> answer;
    try (Connection connection = database.connect();
        Statement holder = connection.createStatement()) {
      holder.execute("SELECT pg_advisory_lock(7)");
      answer = CompletableFuture.supplyAsync(this::publish);
      await().until(() -> database.count(HELD) == 1);
      network.cut();
      assertThat(answer.join().statusCode()).isEqualTo(503);
      holder.execute("SELECT pg_advisory_unlock(7)");
    }
    await().until(() -> database.count(STORED) == 1);

    await().untilAsserted(() -> assertThat(publish().statusCode()).isEqualTo(202));
    assertThat(publish().headers().firstValue("Idempotency-Replayed")).hasValue("true");
    assertThat(database.count(STORED)).isOne();
    awaitTheOnlyDelivery();
  }

  /** A value of the past would tell an alert that all is well, or for ever that it is not. */
  @Test
  void ageOfTheQueueIsToldOnlyWhileItIsKnown() {
    await().until(() -> queueAge().equals("0.0"));

    network.refuse();
    await().until(() -> queueAge().equals("NaN"));

    network.flow();
    await().until(() -> queueAge().equals("0.0"));
  }

  private String queueAge() {
    return gateway
        .ops("/metrics")
        .body()
        .replaceFirst("(?s).*\\nmaglatch_webhook_queue_age_seconds (\\S+)\\n.*", "$1");
  }

  private void awaitAllDelivered() {
    await().until(() -> database.count(UNDELIVERED) == 0);
  }

  private void awaitTheOnlyDelivery() {
    awaitAllDelivered();
    assertThat(receiver.hooks.stream().filter(hook -> hook.body().contains("\"paid\""))).hasSize(1);
  }

  private HttpResponse<String> publish() {
    return gateway.postOps(
        "/_maglatch/events",
        event,
        "Authorization",
        "Bearer " + TOKEN,
        "Idempotency-Key",
        "order-7");
  }

  private static ConditionFactory await() {
    return Awaitility.await().atMost(Duration.ofSeconds(60));
  }
}
