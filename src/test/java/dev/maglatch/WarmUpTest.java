// SPDX-License-Identifier: Apache-2.0
package dev.maglatch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.maglatch.http.Cors;
import dev.maglatch.http.RequestIds;
import dev.maglatch.key.TokenHash;
import dev.maglatch.limit.KeyLimits;
import dev.maglatch.limit.WindowLimits;
import dev.maglatch.ops.Metrics;
import dev.maglatch.ops.Readiness;
import dev.maglatch.postgres.TestDatabase;
import dev.maglatch.proxy.AccessLog;
import dev.maglatch.proxy.KeyUse;
import dev.maglatch.proxy.OwnRoutes;
import dev.maglatch.proxy.ProxyParts;
import dev.maglatch.verify.FixedTrust;
import dev.maglatch.verify.KeyStore;
import dev.maglatch.verify.StoredKey;
import dev.maglatch.verify.StreamVerifier;
import dev.maglatch.verify.Verdict;
import dev.maglatch.verify.Watch;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.atomic.LongAdder;
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
  void databaseIsAskedAndNothingOfItIsLeftWhenItIsOver() {
    Vertx vertx = Vertx.vertx();
    UnreachableStore store = new UnreachableStore();
    try {
      WarmUp warmUp = new WarmUp(vertx, FixedTrust.LEASED, clients(), store);

      Await.result(warmUp.run(Duration.ofMillis(300)));

      assertThat(store.asked.sum()).isGreaterThan(2);
      assertThat(vertx.deploymentIDs()).isEmpty();
    } finally {
      Await.result(vertx.close());
    }
  }

  private static final class UnreachableStore implements KeyStore {
    private final LongAdder asked = new LongAdder();

    @Override
    public Future<Optional<StoredKey>> find(List<TokenHash> candidates) {
      asked.increment();
      return Future.failedFuture("unreachable");
    }

    @Override
    public Future<Void> rehash(UUID keyId, TokenHash from, TokenHash to, String pepper) {
      throw new AssertionError("a key that practises is stored");
    }
  }

  private static ProxyParts clients() {
    return new ProxyParts(
        new ForClientsAlone(),
        KeyLimits.NONE,
        WindowLimits.NONE,
        credential -> false,
        KeyUse.NONE,
        OwnRoutes.NONE,
        Cors.OFF,
        new RequestIds(new Random(1)),
        new Metrics("", new Readiness()).proxy(List.of()),
        AccessLog.NONE,
        InstantSource.system(),
        System::nanoTime);
  }

  private static final class ForClientsAlone implements StreamVerifier {
    @Override
    public Verdict decideNow(String credential, String clientAddress, long maxStaleNanos) {
      throw new AssertionError("a key that practises is looked for among those of clients");
    }

    @Override
    public Future<Verdict> decide(String credential, String clientAddress, long maxStaleNanos) {
      throw new AssertionError("a key that practises is looked up for clients");
    }

    @Override
    public Watch watch(String credential, long maxStaleNanos) {
      throw new AssertionError("a key that practises is watched");
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
