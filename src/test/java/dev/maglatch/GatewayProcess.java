// SPDX-License-Identifier: Apache-2.0
package dev.maglatch;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.maglatch.cli.Main;
import dev.maglatch.postgres.DatabaseAddress;
import dev.maglatch.testing.Ports;
import dev.maglatch.testing.Signals;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;

/** The gateway in a JVM of its own, started as an operator would, configured by environment. */
final class GatewayProcess implements AutoCloseable {
  private static final Path LOGS = Path.of("target/contract");
  private static final Duration START = Duration.ofSeconds(60);
  private static final Duration STOP = Duration.ofSeconds(40);
  private static final String MASTER =
      Base64.getEncoder()
          .encodeToString("a master for tests, not for you".repeat(2).getBytes(UTF_8));
  private static final HttpClient CLIENT =
      HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(2)).build();

  private final Process process;
  private final Path log;
  private final int port;
  private final int opsPort;

  private GatewayProcess(Process process, Path log, int port, int opsPort) {
    this.process = process;
    this.log = log;
    this.port = port;
    this.opsPort = opsPort;
  }

  /**
   * Starts {@code serve} and returns when it is ready.
   *
   * @param settings environment variables beside database, secrets and ports
   */
  static GatewayProcess serve(DatabaseAddress database, Map<String, String> settings) {
    int port = Ports.free();
    int opsPort = Ports.free();
    ProcessBuilder builder = command(database, List.of("serve"));
    builder.environment().put("MAGLATCH_HTTP_HOST", "127.0.0.1");
    builder.environment().put("MAGLATCH_HTTP_PORT", String.valueOf(port));
    builder.environment().put("MAGLATCH_HTTP_PUBLIC_URL", "http://127.0.0.1:" + port);
    builder.environment().put("MAGLATCH_HTTP_DRAIN_DELAY", "0s");
    builder.environment().put("MAGLATCH_WARM_UP", "0s");
    builder.environment().put("MAGLATCH_OPS_HOST", "127.0.0.1");
    builder.environment().put("MAGLATCH_OPS_PORT", String.valueOf(opsPort));
    builder.environment().putAll(settings);
    try {
      Path log = Files.createDirectories(LOGS).resolve("serve-" + port + ".log");
      Process process = builder.redirectErrorStream(true).redirectOutput(log.toFile()).start();
      GatewayProcess gateway = new GatewayProcess(process, log, port, opsPort);
      gateway.awaitReady();
      return gateway;
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  /** The public listener's URL. */
  String url() {
    return "http://127.0.0.1:" + port;
  }

  /** The operations listener's URL. */
  String opsUrl() {
    return "http://127.0.0.1:" + opsPort;
  }

  /** What it has logged so far. */
  String log() {
    try {
      return Files.readString(log);
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  /** Ends it by SIGKILL, without any chance to tidy up. */
  void kill() {
    process.destroyForcibly();
    await(process, STOP);
  }

  /** Lets it stand still. */
  void pause() {
    Signals.pause(process.toHandle());
  }

  /** Lets it go on. */
  void resume() {
    Signals.resume(process.toHandle());
  }

  /** Stops it as an orchestrator would, by SIGTERM, and by force if that takes too long. */
  @Override
  public void close() {
    process.destroy();
    await(process, STOP);
  }

  private void awaitReady() {
    try {
      Awaitility.await().atMost(START).until(() -> !process.isAlive() || ready());
    } catch (RuntimeException late) {
      process.destroyForcibly();
      throw new AssertionError("the gateway did not get ready:\n" + log(), late);
    }
    if (!process.isAlive()) {
      throw new AssertionError("the gateway ended with " + process.exitValue() + ":\n" + log());
    }
  }

  private boolean ready() {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(opsUrl() + "/readyz"))
            .timeout(Duration.ofSeconds(5))
            .build();
    try {
      return CLIENT.send(request, BodyHandlers.discarding()).statusCode() == 200;
    } catch (IOException notYet) {
      return false;
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  private static ProcessBuilder command(DatabaseAddress database, List<String> arguments) {
    List<String> line = new ArrayList<>();
    line.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    line.addAll(List.of("-Xmx256m", "-XX:+UseSerialGC"));
    line.addAll(List.of("-cp", System.getProperty("java.class.path"), Main.class.getName()));
    line.addAll(arguments);
    ProcessBuilder builder = new ProcessBuilder(line);
    Map<String, String> environment = builder.environment();
    environment.keySet().removeIf(name -> name.startsWith("MAGLATCH_"));
    environment.put("MAGLATCH_SECRETS_MASTER", MASTER);
    environment.put("MAGLATCH_DATABASE_URL", database.url());
    if (database.user() != null) {
      environment.put("MAGLATCH_DATABASE_USER", database.user());
    }
    if (database.password() != null) {
      environment.put("MAGLATCH_DATABASE_PASSWORD", database.password().reveal());
    }
    return builder;
  }

  private static void await(Process process, Duration bound) {
    try {
      if (!process.waitFor(bound.toSeconds(), TimeUnit.SECONDS)) {
        process.destroyForcibly();
        throw new AssertionError("a gateway process did not end within " + bound);
      }
    } catch (InterruptedException stopped) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
      throw new AssertionError("interrupted", stopped);
    }
  }
}
