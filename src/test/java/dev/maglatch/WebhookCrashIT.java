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
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Two gateway processes share the deliveries, and one of them is killed. */
class WebhookCrashIT {
  private static final int EVENTS = 1_000;
  private static final int HELD_MILLIS = 150;
  private static final Duration PATIENCE = Duration.ofMinutes(2);
  private static final String TOKEN = "a-token-for-upstreams";
  private static final HttpClient CLIENT = HttpClient.newHttpClient();

  private final Set<String> held = ConcurrentHashMap.newKeySet();
  private final AtomicInteger heldTwice = new AtomicInteger();
  private final CountDownLatch never = new CountDownLatch(1);
  private TestDatabase database;
  private HookReceiver receiver;
  private Tenant tenant;

  @BeforeEach
  void start() {
    database = TestDatabase.create();
    receiver =
        new HookReceiver(
            (hook, socket) -> {
              if (!held.add(hook.id())) {
                heldTwice.incrementAndGet();
              }
              never.await(HELD_MILLIS, TimeUnit.MILLISECONDS);
              held.remove(hook.id());
              return HookReceiver.GOOD.answer(hook, socket);
            });
    tenant = Tenant.in(database.address());
  }

  @AfterEach
  void stop() {
    receiver.close();
    database.close();
  }

  /** Nothing is lost, ids stay the same, and nobody tries what another one is just trying. */
  @Test
  void killedReplicaLosesNothing() throws Exception {
    try (GatewayProcess one = gateway();
        GatewayProcess two = gateway()) {
      hook(two);
      Set<String> published = new HashSet<>();
      for (int i = 0; i < EVENTS; i++) {
        published.add(publish(i % 2 == 0 ? one : two, i));
      }
      await().atMost(PATIENCE).until(() -> receiver.hooks.size() > 200);
      assertThat(deliveries("status = 'pending' AND claimed_by IS NOT NULL")).isPositive();

      one.kill();

      await().atMost(PATIENCE).until(() -> deliveries("status <> 'delivered'") == 0);
      Map<String, List<Hook>> arrived =
          receiver.hooks.stream().collect(Collectors.groupingBy(Hook::id));
      assertThat(arrived.keySet()).containsAll(published);
      assertThat(arrived.values())
          .allSatisfy(same -> assertThat(same.stream().map(Hook::body).distinct()).hasSize(1));
      assertThat(heldTwice).as("claimed by two at once").hasValue(0);
      int repeated = receiver.hooks.size() - arrived.size();
      assertThat(repeated).as("what the killed one had in hand").isLessThanOrEqualTo(64);
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
            "MAGLATCH_WEBHOOKS_PER_DESTINATION", "32",
            "MAGLATCH_WEBHOOKS_TIMEOUT", "5s",
            "MAGLATCH_WEBHOOKS_LEASE", "10s"));
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
