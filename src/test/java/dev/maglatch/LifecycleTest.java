// SPDX-License-Identifier: Apache-2.0
package dev.maglatch;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;

class LifecycleTest {
  private final Lifecycle lifecycle = new Lifecycle();
  private final List<String> stopped = new CopyOnWriteArrayList<>();

  @Test
  void stopsInReverse() throws Exception {
    lifecycle.started("first", () -> note("first"));
    lifecycle.started("second", () -> note("second"));

    lifecycle.stopAll().await(10, SECONDS);

    assertThat(stopped).containsExactly("second", "first");
  }

  @Test
  void failuresDoNotKeepTheRestFromStopping() throws Exception {
    lifecycle.started("first", () -> note("first"));
    lifecycle.started("fails", () -> Future.failedFuture("on purpose"));
    lifecycle.started(
        "throws",
        () -> {
          throw new IllegalStateException("on purpose");
        });

    lifecycle.stopAll().await(10, SECONDS);

    assertThat(stopped).containsExactly("first");
  }

  @Test
  void whatStartsDuringTheStopIsStoppedToo() throws Exception {
    lifecycle.started("first", () -> note("first"));
    Future<Void> rest = lifecycle.stopAll();
    lifecycle.started("late", () -> note("late"));

    rest.await(10, SECONDS);

    assertThat(stopped).containsExactlyInAnyOrder("first", "late");
  }

  /** A database that says nothing must not keep the process from ending. */
  @Test
  void stepThatNeverEndsIsLeftBehind() throws Exception {
    lifecycle.started("first", () -> note("first"));
    lifecycle.started("hangs", Duration.ofMillis(20), () -> Promise.<Void>promise().future());

    lifecycle.stopAll().await(10, SECONDS);

    assertThat(stopped).containsExactly("first");
  }

  /** Whoever gives requests ten minutes to finish gets a process that waits for them. */
  @Test
  void stopMayTakeAllTheTimeThatTheSettingsGive() {
    Map<String, String> environment =
        Map.of(
            "MAGLATCH_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none",
            "MAGLATCH_SECRETS_MASTER", TestGateway.MASTER,
            "MAGLATCH_HTTP_DRAIN_DELAY", "10s",
            "MAGLATCH_HTTP_DRAIN_TIMEOUT", "10m",
            "MAGLATCH_WEBHOOKS_TIMEOUT", "20s",
            "MAGLATCH_USAGE_FLUSH_TIMEOUT", "40s");

    assertThat(Gateway.longestStop(TestGateway.config(environment)))
        .isBetween(Duration.ofSeconds(10 + 600 + 20 + 40), Duration.ofMinutes(13));
  }

  private Future<Void> note(String name) {
    stopped.add(name);
    return Future.succeededFuture();
  }
}
