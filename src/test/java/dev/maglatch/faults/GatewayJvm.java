// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.faults;

import dev.maglatch.cli.Main;
import dev.maglatch.postgres.DatabaseAddress;
import dev.maglatch.testing.ChildProcess;
import dev.maglatch.testing.PlainClient;
import dev.maglatch.testing.PlainClient.Answer;
import dev.maglatch.testing.Ports;
import dev.maglatch.testing.Signals;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;

/** One gateway in a small JVM of its own, on ports that it keeps when it is started again. */
final class GatewayJvm implements AutoCloseable {
  static final String MASTER = "ZmF1bHRzIGFuZCBub3RoaW5nIGJ1dCBmYXVsdHMsIGFsbCBkYXkgbG9uZw==";
  static final String KEYS = "/functions/v1/manage-api-keys";

  /** Options of a JVM that starts quickly and is never fast. */
  static final List<String> SMALL =
      List.of(
          "-Xmx96m",
          "-XX:+UseSerialGC",
          "-XX:TieredStopAtLevel=1",
          "-Dlogback.configurationFile=logback.xml");

  private static final Duration START = Duration.ofSeconds(60);
  private static final int PATIENCE_MILLIS = 15_000;

  private final int port = Ports.free();
  private final int opsPort = Ports.free();
  private final Map<String, String> environment;
  private final List<String> jvm;
  private @Nullable ChildProcess process;

  /** Makes one that is not started yet; {@code settings} go over all defaults of tests. */
  GatewayJvm(DatabaseAddress database, String upstream, Map<String, String> settings) {
    this(database, upstream, settings, SMALL);
  }

  GatewayJvm(
      DatabaseAddress database, String upstream, Map<String, String> settings, List<String> jvm) {
    this.jvm = jvm;
    environment = new HashMap<>();
    environment.put("MAGLATCH_HTTP_HOST", "127.0.0.1");
    environment.put("MAGLATCH_HTTP_PORT", String.valueOf(port));
    environment.put("MAGLATCH_HTTP_DRAIN_DELAY", "0s");
    environment.put("MAGLATCH_WARM_UP", "0s");
    environment.put("MAGLATCH_OPS_HOST", "127.0.0.1");
    environment.put("MAGLATCH_OPS_PORT", String.valueOf(opsPort));
    environment.put("MAGLATCH_SECRETS_MASTER", MASTER);
    environment.put("MAGLATCH_LOG_ACCESS", "false");
    environment.put("MAGLATCH_PROXY_UPSTREAM", upstream);
    environment.put("MAGLATCH_DATABASE_URL", database.url());
    environment.put("MAGLATCH_DATABASE_USER", String.valueOf(database.user()));
    environment.putAll(settings);
  }

  int port() {
    return port;
  }

  GatewayJvm start() {
    return start(Map.of());
  }

  /** Starts it with other settings than it was made with, this time. */
  GatewayJvm start(Map<String, String> settings) {
    Map<String, String> all = new HashMap<>(environment);
    all.putAll(settings);
    try {
      process = ChildProcess.start(jvm, Main.class, List.of("serve"), all);
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
    return this;
  }

  /** Waits until it is ready and holds its lease. */
  GatewayJvm awaitReady() {
    Awaitility.await()
        .atMost(START)
        .pollInterval(Duration.ofMillis(50))
        .until(() -> !running() || healthy());
    if (!running()) {
      throw new AssertionError("ended by itself:\n" + log());
    }
    return this;
  }

  boolean running() {
    return process != null
        && ProcessHandle.of(process.pid()).map(ProcessHandle::isAlive).orElse(false);
  }

  /** Whether it is ready and nothing is degraded. */
  boolean healthy() {
    Answer answer = ops("/readyz");
    return answer.status() == 200 && !answer.body().contains("degraded");
  }

  /** Ends it as an orchestrator does, with SIGTERM, and returns its exit code. */
  int stop() throws InterruptedException {
    return process().stop();
  }

  /** Ends it without a word. */
  void kill() {
    try {
      process().kill();
    } catch (InterruptedException stopped) {
      throw new IllegalStateException(stopped);
    }
  }

  void pause() {
    Signals.pause(handle());
  }

  void resume() {
    Signals.resume(handle());
  }

  /** Sends one request through the proxy on a new connection. */
  Answer get(String token) {
    try (PlainClient client = client()) {
      return client.get("/", token);
    }
  }

  /** Sends one command about keys on a new connection. */
  Answer manage(String token, String command) {
    try (PlainClient client = client()) {
      return client.post(KEYS, token, command);
    }
  }

  Answer revoke(String token, TestKey key) {
    return manage(token, "{\"action\":\"revoke\",\"key_id\":\"" + key.id() + "\"}");
  }

  PlainClient client() {
    return new PlainClient(port, PATIENCE_MILLIS);
  }

  Answer ops(String path) {
    try (PlainClient client = new PlainClient(opsPort, PATIENCE_MILLIS)) {
      return client.get(path, "");
    }
  }

  /** Returns the sum of all series whose line begins with {@code name}. */
  double metric(String name) {
    return ops("/metrics")
        .body()
        .lines()
        .filter(line -> line.startsWith(name))
        .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
        .sum();
  }

  String log() {
    return process == null ? "" : process.errors();
  }

  @Override
  public void close() {
    if (process != null) {
      process.close();
    }
  }

  private ChildProcess process() {
    if (process == null) {
      throw new IllegalStateException("not started");
    }
    return process;
  }

  private ProcessHandle handle() {
    return ProcessHandle.of(process().pid()).orElseThrow();
  }
}
