// SPDX-License-Identifier: Apache-2.0
package dev.maglatch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.maglatch.postgres.TestDatabase;
import dev.maglatch.verify.FixedTrust;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class WarmUpTest {
  /** Whatever the gateway sends itself, neither the upstream nor the metrics nor the log hear. */
  @Test
  void gatewayThatPractisedIsAsIfItHadNot() {
    try (TestDatabase database = TestDatabase.create();
        EchoUpstream upstream = new EchoUpstream();
        TestGateway gateway =
            TestGateway.begin(
                database.address(), upstream.url(), Map.of("MAGLATCH_WARM_UP", "300ms"))) {
      gateway.awaitReady();

      assertThat(upstream.received).isEmpty();
      assertThat(samples(gateway)).isEmpty();
      String key = Tenant.in(database.address()).key(gateway.config());
      assertThat(gateway.get("/", "Authorization", "Bearer " + key).statusCode()).isEqualTo(200);
      assertThat(samples(gateway)).containsExactly("1");
    }
  }

  /** What was still to end would be ended a second time by a gateway that is stopped soon. */
  @Test
  void nothingOfItIsLeftWhenItIsOver() {
    Vertx vertx = Vertx.vertx();
    try {
      Await.result(new WarmUp(vertx, FixedTrust.LEASED).run(Duration.ofMillis(100)));

      assertThat(vertx.deploymentIDs()).isEmpty();
    } finally {
      Await.result(vertx.close());
    }
  }

  /** Returns how many requests ended, by ending, zeros left out. */
  private static List<String> samples(TestGateway gateway) {
    return gateway
        .ops("/metrics")
        .body()
        .lines()
        .filter(line -> line.startsWith("maglatch_requests_ended_total{"))
        .map(line -> line.substring(line.lastIndexOf(' ') + 1).replace(".0", ""))
        .filter(count -> !count.equals("0"))
        .toList();
  }
}
