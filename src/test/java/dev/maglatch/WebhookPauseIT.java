// SPDX-License-Identifier: Apache-2.0
package dev.maglatch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.maglatch.postgres.TestDatabase;
import dev.maglatch.testing.HookReceiver;
import io.vertx.core.json.JsonObject;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** A gateway that stands still in the middle of an attempt. */
class WebhookPauseIT {
  private static final Duration TIMEOUT = Duration.ofSeconds(4);
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final String DELIVERED =
      "SELECT count(*) FROM webhook_deliveries WHERE status = 'delivered' AND attempts = 1";
  private static final String ATTEMPTED =
      "SELECT count(*) FROM webhook_deliveries WHERE attempts > 0";

  /** It was the gateway that was late, and not the receiver: nothing is sent a second time. */
  @Test
  void answerThatCameWhileTheGatewayStoodStillCounts() throws Exception {
    CountDownLatch arrived = new CountDownLatch(1);
    CountDownLatch release = new CountDownLatch(1);
    try (TestDatabase database = TestDatabase.create();
        HookReceiver receiver =
            new HookReceiver(
                (hook, socket) -> {
                  arrived.countDown();
                  release.await();
                  return HookReceiver.GOOD.answer(hook, socket);
                });
        GatewayProcess gateway = gateway(database)) {
      hook(gateway, database, receiver.url());
      assertThat(arrived.await(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();

      gateway.pause();
      release.countDown();
      TimeUnit.MILLISECONDS.sleep(TIMEOUT.plusSeconds(1).toMillis());
      gateway.resume();

      await().atMost(PATIENCE).until(() -> database.count(ATTEMPTED) == 1);
      assertThat(database.count(DELIVERED)).isOne();
      assertThat(receiver.hooks).hasSize(1);
    }
  }

  private static GatewayProcess gateway(TestDatabase database) {
    return GatewayProcess.serve(
        database.address(),
        Map.of(
            "MAGLATCH_PROXY_UPSTREAM", "http://127.0.0.1:1",
            "MAGLATCH_SECRETS_MASTER", TestGateway.MASTER,
            "MAGLATCH_WEBHOOKS_ALLOW_HTTP", "true",
            "MAGLATCH_WEBHOOKS_ALLOWED_CIDRS", "127.0.0.0/8",
            "MAGLATCH_WEBHOOKS_TIMEOUT", TIMEOUT.toSeconds() + "s"));
  }

  private static void hook(GatewayProcess gateway, TestDatabase database, String url)
      throws Exception {
    String key =
        Tenant.in(database.address())
            .key(
                TestGateway.config(
                    TestGateway.environment(database.address(), "http://127.0.0.1:1")));
    JsonObject command =
        new JsonObject().put("action", "generate").put("name", "hooked").put("webhook_url", url);
    HttpResponse<String> made =
        HttpClient.newHttpClient()
            .send(
                HttpRequest.newBuilder(URI.create(gateway.url() + "/functions/v1/manage-api-keys"))
                    .header("Authorization", "Bearer " + key)
                    .POST(BodyPublishers.ofString(command.encode()))
                    .build(),
                BodyHandlers.ofString());
    assertThat(made.statusCode()).as(made.body()).isEqualTo(200);
  }
}
