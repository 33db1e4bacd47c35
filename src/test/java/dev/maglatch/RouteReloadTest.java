// SPDX-License-Identifier: Apache-2.0
package dev.maglatch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.maglatch.config.ConfigSource;
import dev.maglatch.config.GatewayConfig;
import dev.maglatch.config.Mode;
import dev.maglatch.postgres.TestDatabase;
import dev.maglatch.settings.Settings;
import dev.maglatch.testing.PlainClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A whole gateway whose file changes under it. */
class RouteReloadTest {
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  @TempDir static Path folder;

  private static final TestDatabase database = TestDatabase.create();
  private static final EchoUpstream upstream = new EchoUpstream();
  private static Path file;
  private static TestGateway gateway;

  @BeforeAll
  static void start() throws IOException {
    // As Kubernetes mounts it: the file is a link through a link that is replaced as a whole.
    file = folder.resolve("maglatch.yaml");
    mount("one", routes("/one"));
    Files.createSymbolicLink(file, Path.of("..data/maglatch.yaml"));
    Map<String, String> environment = TestGateway.environment(database.address(), upstream.url());
    environment.remove("MAGLATCH_PROXY_UPSTREAM");
    environment.put("MAGLATCH_EVENT_LOOPS", "2");
    gateway = TestGateway.begin(source(environment)).awaitReady();
  }

  @AfterAll
  static void stop() {
    gateway.close();
    upstream.close();
    database.close();
  }

  private static ConfigSource source(Map<String, String> environment) {
    ConfigSource source =
        new ConfigSource() {
          @Override
          public Path file() {
            return file;
          }

          @Override
          public Reading read() {
            Settings settings = Settings.load(file, environment, Map.of());
            GatewayConfig config = GatewayConfig.read(settings, Mode.SERVE);
            return new Reading(config, settings, settings.problems().lines());
          }
        };
    return source;
  }

  @Test
  void changedFileIsTakenOverByItselfOnEveryLoop() throws IOException {
    takeOver("/one");
    double before = reloads("taken");
    mount("two", routes("/two"));

    await().atMost(PATIENCE).until(() -> status("/two") == 200);
    assertThat(reloads("taken")).isEqualTo(before + 1);
    for (int i = 0; i < 20; i++) { // each on a connection of its own, so on both loops
      assertThat(statusAlone("/two")).isEqualTo(200);
      assertThat(statusAlone("/one")).isEqualTo(404);
    }
  }

  @Test
  void badFileChangesNothingAndIsCounted() throws IOException {
    takeOver("/good");
    double refused = reloads("refused");
    double loaded = metric("maglatch_config_loaded_time_seconds");
    mount("bad", routes("/bad").replace("auth: none", "auth: maybe"));
    await().atMost(PATIENCE).until(() -> reloads("refused") > refused);
    assertThat(status("/good")).isEqualTo(200);
    assertThat(status("/bad")).isEqualTo(404);

    Files.delete(folder.resolve("..data/maglatch.yaml"));
    await().atMost(PATIENCE).until(() -> reloads("refused") > refused + 1);
    assertThat(status("/good")).isEqualTo(200);
    assertThat(metric("maglatch_config_loaded_time_seconds")).isEqualTo(loaded);
  }

  @Test
  void noRequestFailsWhileRoutesAreReadAgainAndAgain() throws Exception {
    takeOver("/load");
    AtomicBoolean done = new AtomicBoolean();
    AtomicInteger answered = new AtomicInteger();
    AtomicInteger failed = new AtomicInteger();
    List<Thread> clients =
        List.of(
            new Thread(() -> askUntil(done, answered, failed)),
            new Thread(() -> askUntil(done, answered, failed)));
    clients.forEach(Thread::start);
    for (int i = 0; i < 20; i++) {
      int goal = answered.get() + 5;
      takeOver(i % 2 == 0 ? "/load, max-body: 1k" : "/load");
      await().atMost(PATIENCE).until(() -> failed.get() > 0 || answered.get() >= goal);
    }
    done.set(true);
    for (Thread client : clients) {
      client.join(PATIENCE.toMillis());
    }
    assertThat(failed).hasValue(0);
    assertThat(answered.get()).isGreaterThanOrEqualTo(100);
  }

  @Test
  void serversAreCheckedAsTheRoutesInForceSay() throws IOException {
    mount(
        "checked",
        """
        proxy:
          upstreams:
            - name: pair
              targets: [{url: '%s'}, {url: 'http://127.0.0.1:1'}]
              health-check: {path: /, interval: 100ms, unhealthy: 1}
          routes: [{path: /checked, auth: none, upstream: pair}]
        """
            .formatted(upstream.url()));
    Await.result(gateway.gateway.reload());
    await().atMost(PATIENCE).until(() -> metric(healthy("http://127.0.0.1:1")) == 0);
    assertThat(metric(healthy(upstream.url()))).isEqualTo(1);
    assertThat(status("/checked")).isEqualTo(200);

    takeOver("/unchecked");
    assertThat(gateway.ops("/metrics").body()).doesNotContain("upstream=\"pair\"");
  }

  private static String healthy(String target) {
    return "maglatch_upstream_healthy{target=\"%s\",upstream=\"pair\"}".formatted(target);
  }

  private static void askUntil(AtomicBoolean done, AtomicInteger answered, AtomicInteger failed) {
    while (!done.get()) {
      if (status("/load/x") == 200) {
        answered.incrementAndGet();
      } else {
        failed.incrementAndGet();
      }
    }
  }

  /** As by SIGHUP. */
  private static void takeOver(String path) throws IOException {
    mount("by-signal", routes(path));
    Await.result(gateway.gateway.reload());
  }

  private static void mount(String version, String text) throws IOException {
    Path next = Files.createTempDirectory(folder, version);
    Files.writeString(next.resolve("maglatch.yaml"), text);
    Path link = folder.resolve("..next");
    Files.createSymbolicLink(link, next.getFileName());
    Files.move(link, folder.resolve("..data"), StandardCopyOption.ATOMIC_MOVE);
  }

  private static String routes(String path) {
    return "proxy: {routes: [{path: %s, auth: none, upstream: '%s'}]}\n"
        .formatted(path, upstream.url());
  }

  private static int status(String path) {
    return gateway.getWhatever(path).statusCode();
  }

  private static int statusAlone(String path) {
    try (PlainClient client =
        new PlainClient(gateway.gateway.httpPort(), (int) PATIENCE.toMillis())) {
      return client.get(path, "").status();
    }
  }

  private static double reloads(String outcome) {
    return metric("maglatch_config_reloads_total{outcome=\"" + outcome + "\"}");
  }

  private static double metric(String series) {
    return gateway
        .ops("/metrics")
        .body()
        .lines()
        .filter(line -> line.startsWith(series + " "))
        .mapToDouble(line -> Double.parseDouble(line.substring(series.length() + 1)))
        .findFirst()
        .orElseThrow();
  }
}
