// SPDX-License-Identifier: Apache-2.0
package dev.maglatch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.maglatch.cli.Main;
import dev.maglatch.postgres.TestDatabase;
import dev.maglatch.testing.ChildProcess;
import dev.maglatch.testing.Ports;
import dev.maglatch.testing.Signals;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A gateway process in earnest: {@code serve}, traffic, SIGTERM. */
class ServeIT {
  private static final Duration PATIENCE = Duration.ofMinutes(1);

  private final HttpClient client =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  /** The interval is far longer than the test: what is in the table was written by the stop. */
  @Test
  void stopFinishesRequestsWritesTheLastUsageAndExitsWithZero() throws Exception {
    CountDownLatch arrived = new CountDownLatch(1);
    CountDownLatch answering = new CountDownLatch(1);
    try (TestDatabase database = TestDatabase.create();
        EchoUpstream upstream = new EchoUpstream(() -> meet(arrived, answering))) {
      Map<String, String> environment = TestGateway.environment(database.address(), upstream.url());
      int httpPort = Ports.free();
      int opsPort = Ports.free();
      environment.put("MAGLATCH_HTTP_PORT", String.valueOf(httpPort));
      environment.put("MAGLATCH_OPS_PORT", String.valueOf(opsPort));
      environment.put("MAGLATCH_USAGE_FLUSH_INTERVAL", "5m");
      try (ChildProcess serve = ChildProcess.start(Main.class, List.of("serve"), environment)) {
        await().atMost(PATIENCE).until(() -> serve.pid() > 0 && isReady(opsPort));
        String key = Tenant.in(database.address()).key(TestGateway.config(environment));
        HttpRequest request =
            HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + httpPort + "/slow"))
                .header("Authorization", "Bearer " + key)
                .build();
        CompletableFuture<Integer> answer =
            client
                .sendAsync(request, BodyHandlers.ofString())
                .thenApply(response -> response.statusCode());
        assertThat(arrived.await(30, TimeUnit.SECONDS)).isTrue();

        CompletableFuture<Integer> exit = CompletableFuture.supplyAsync(() -> stop(serve));
        answering.countDown();

        assertThat(answer.get()).isEqualTo(200);
        assertThat(exit.get()).isZero();
        assertThat(usedKeys(database)).isOne();
        assertThat(replicas(database)).isZero();
        assertThat(serve.output() + serve.errors()).doesNotContain(key);
      }
    }
  }

  /** A signal that ends other programs makes this one read its routes again, and nothing else. */
  @Test
  void hangupReadsTheRoutesAgain(@TempDir Path folder) throws Exception {
    try (TestDatabase database = TestDatabase.create();
        EchoUpstream upstream = new EchoUpstream()) {
      Map<String, String> environment = TestGateway.environment(database.address(), upstream.url());
      environment.remove("MAGLATCH_PROXY_UPSTREAM");
      Path file = folder.resolve("maglatch.yaml");
      environment.put("MAGLATCH_CONFIG", file.toString());
      String routes = "proxy: {routes: [{path: %s, auth: none, upstream: '%s'}]}\n";
      Files.writeString(file, routes.formatted("/old", upstream.url()));
      try (ChildProcess serve = ChildProcess.start(Main.class, List.of("serve"), environment)) {
        serve.awaitErrors("ready http=");
        ProcessHandle process = ProcessHandle.of(serve.pid()).orElseThrow();
        assumeTrue(!Signals.ignoresHangUp(process), "the tests were started to ignore SIGHUP");
        Files.writeString(
            file, routes.formatted("/new", upstream.url()) + "http: {port: 0, docs: true}");
        Signals.hangUp(process);
        serve.awaitErrors("cause=signal routes=1");
        assertThat(serve.errors()).contains("only a restart takes over names=[http.docs]");
        assertThat(stop(serve)).isZero();
      }
    }
  }

  private boolean isReady(int opsPort) throws InterruptedException {
    URI url = URI.create("http://127.0.0.1:" + opsPort + "/readyz");
    try {
      HttpRequest request = HttpRequest.newBuilder(url).build();
      return client.send(request, BodyHandlers.discarding()).statusCode() == 200;
    } catch (IOException notYet) {
      return false;
    }
  }

  private static int stop(ChildProcess process) {
    try {
      return process.stop();
    } catch (Exception failed) {
      throw new IllegalStateException(failed);
    }
  }

  private static void meet(CountDownLatch arrived, CountDownLatch answering) {
    arrived.countDown();
    try {
      assertThat(answering.await(30, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private static int usedKeys(TestDatabase database) throws SQLException {
    return count(database, "SELECT count(*) FROM key_usage");
  }

  private static int replicas(TestDatabase database) throws SQLException {
    return count(database, "SELECT count(*) FROM replicas");
  }

  private static int count(TestDatabase database, String sql) throws SQLException {
    try (Connection connection = database.connect();
        var statement = connection.createStatement();
        ResultSet row = statement.executeQuery(sql)) {
      row.next();
      return row.getInt(1);
    }
  }
}
