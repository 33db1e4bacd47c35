// SPDX-License-Identifier: Apache-2.0
package dev.maglatch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.maglatch.postgres.TestDatabase;
import dev.maglatch.testing.HookReceiver;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/**
 * How many deliveries a second one replica makes, and what proxied requests feel of it. Gateway,
 * receivers and client share this machine and this JVM. Runs in the profile {@code benchmarks}. The
 * result is in {@code target/benchmarks/webhooks.txt}.
 */
@EnabledIfSystemProperty(named = "benchmarks", matches = "true")
class WebhookRateIT {
  private static final String TOKEN = "a-token-for-upstreams";
  private static final int RECEIVERS = 8;
  private static final int EVENTS = 1_000;
  private static final int WARM_UP = 200;
  private static final Duration PATIENCE = Duration.ofMinutes(3);
  private static final Path RESULT = Path.of("target/benchmarks/webhooks.txt");

  @Test
  void twoHundredDeliveriesASecondAreNoTrouble() throws IOException, InterruptedException {
    List<HookReceiver> receivers = new ArrayList<>();
    try (TestDatabase database = TestDatabase.create();
        EchoUpstream upstream = new EchoUpstream();
        TestGateway gateway =
            TestGateway.begin(
                    database.address(),
                    upstream.url(),
                    Map.of(
                        "MAGLATCH_WEBHOOKS_ALLOW_HTTP", "true",
                        "MAGLATCH_WEBHOOKS_ALLOWED_CIDRS", "127.0.0.0/8",
                        "MAGLATCH_LOG_ACCESS", "false",
                        "MAGLATCH_EVENTS_TOKEN", TOKEN))
                .awaitReady()) {
      Tenant tenant = Tenant.in(database.address());
      String key = tenant.key(gateway.config());
      for (int i = 0; i < RECEIVERS; i++) {
        receivers.add(new HookReceiver(HookReceiver.GOOD));
        hook(gateway, key, receivers.get(i));
      }
      publish(gateway, tenant, WARM_UP);
      awaitDelivered(database);
      long quiet = slowest(gateway, key, 2_000);

      long before = database.count("SELECT count(*) FROM webhook_deliveries");
      long began = System.nanoTime();
      Thread publisher = new Thread(() -> publish(gateway, tenant, EVENTS), "publisher");
      publisher.start();
      long busy = slowest(gateway, key, 2_000);
      publisher.join();
      awaitDelivered(database);
      double seconds = (System.nanoTime() - began) / 1e9;
      long sent = database.count("SELECT count(*) FROM webhook_deliveries") - before;

      Files.createDirectories(RESULT.getParent());
      Files.writeString(
          RESULT,
          String.format(
              Locale.ROOT,
              "deliveries %d in %.1f s: %.0f a second%n"
                  + "p99 of proxied requests: %d us without, %d us with deliveries%n",
              sent,
              seconds,
              sent / seconds,
              quiet / 1_000,
              busy / 1_000));
      assertThat(sent / seconds).isGreaterThan(200);
    } finally {
      receivers.forEach(HookReceiver::close);
    }
  }

  private static void hook(TestGateway gateway, String key, HookReceiver receiver) {
    JsonObject command =
        new JsonObject()
            .put("action", "generate")
            .put("name", "hooked")
            .put("webhook_url", receiver.url());
    HttpResponse<String> made =
        gateway.post(
            "/functions/v1/manage-api-keys", command.encode(), "Authorization", "Bearer " + key);
    assertThat(made.statusCode()).isEqualTo(200);
  }

  private static void publish(TestGateway gateway, Tenant tenant, int events) {
    JsonObject event =
        new JsonObject()
            .put("account_id", tenant.account().toString())
            .put("event", "call.completed")
            .put("data", new JsonObject().put("text", "x".repeat(500)));
    for (int i = 0; i < events; i++) {
      HttpResponse<String> taken =
          gateway.postOps("/_maglatch/events", event.encode(), "Authorization", "Bearer " + TOKEN);
      assertThat(taken.statusCode()).isEqualTo(202);
    }
  }

  private static void awaitDelivered(TestDatabase database) {
    await()
        .atMost(PATIENCE)
        .until(
            () ->
                database.count("SELECT count(*) FROM webhook_deliveries WHERE status = 'pending'")
                    == 0);
  }

  /** Returns the 99th percentile of so many requests, one after the other, in nanoseconds. */
  private static long slowest(TestGateway gateway, String key, int requests) {
    List<Long> nanos = new ArrayList<>();
    for (int i = 0; i < requests; i++) {
      long began = System.nanoTime();
      assertThat(gateway.get("/", "Authorization", "Bearer " + key).statusCode()).isEqualTo(200);
      nanos.add(System.nanoTime() - began);
    }
    nanos.sort(Long::compare);
    return nanos.get(nanos.size() * 99 / 100);
  }
}
