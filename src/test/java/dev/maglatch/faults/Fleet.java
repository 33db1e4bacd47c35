// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.faults;

import dev.maglatch.Await;
import dev.maglatch.cli.Main;
import dev.maglatch.postgres.DatabaseAddress;
import dev.maglatch.postgres.Migrations;
import dev.maglatch.postgres.PostgresServer;
import dev.maglatch.testing.ChildProcess;
import dev.maglatch.testing.PlainClient;
import dev.maglatch.testing.PlainClient.Answer;
import dev.maglatch.testing.TcpRelay;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerRequest;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import org.awaitility.Awaitility;

/**
 * Gateways that share one PostgreSQL, each with a relay of its own before the database, and an
 * upstream that answers everything.
 *
 * <p>{@link #restore} makes all of it whole again, whatever a test has broken.
 */
final class Fleet implements AutoCloseable {
  private static final Path WORK = Path.of("target/faults");
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  /** Those that a revoker asks: leases that run, or ended so lately that they count. */
  private static final String MAY_HOLD =
      "SELECT count(*) FROM replicas WHERE lease_until > clock_timestamp() - interval '4 s'";

  private final PostgresServer database;
  private final Vertx vertx = Vertx.vertx();
  private final List<TcpRelay> relays = new ArrayList<>();
  private final List<GatewayJvm> replicas = new ArrayList<>();
  private final KeyRing keys;
  private final TestKey admin;

  private Fleet(PostgresServer database, int size, Map<String, String> settings, List<String> jvm) {
    this.database = database;
    Migrations.apply(database.address());
    String upstream = "http://127.0.0.1:" + upstream(vertx).actualPort();
    for (int i = 0; i < size; i++) {
      TcpRelay relay = TcpRelay.to(database.port());
      relays.add(relay);
      replicas.add(new GatewayJvm(database.at(relay.port()), upstream, settings, jvm).start());
    }
    replicas.forEach(GatewayJvm::awaitReady);
    this.keys = new KeyRing(database);
    this.admin = known();
  }

  /** Starts database and {@code size} gateways, and returns when all are ready. */
  static Fleet start(int size, Map<String, String> settings) {
    return start(size, settings, GatewayJvm.SMALL);
  }

  /** As {@link #start(int, Map)}, with the database in a certain folder. */
  static Fleet start(Path folder, int size, Map<String, String> settings) {
    return new Fleet(PostgresServer.start(folder), size, settings, GatewayJvm.SMALL);
  }

  /** As {@link #start(int, Map)}, with other options of the gateways' JVMs. */
  static Fleet start(int size, Map<String, String> settings, List<String> jvm) {
    return new Fleet(PostgresServer.start(newFolder()), size, settings, jvm);
  }

  /** Returns a new folder for a server's data, under the build's own. */
  static Path newFolder() {
    try {
      return Files.createTempDirectory(Files.createDirectories(WORK).toAbsolutePath(), "postgres-");
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  PostgresServer database() {
    return database;
  }

  List<GatewayJvm> replicas() {
    return replicas;
  }

  GatewayJvm replica(int index) {
    return replicas.get(index);
  }

  /** What stands between a replica and the database. */
  TcpRelay relay(int index) {
    return relays.get(index);
  }

  KeyRing keys() {
    return keys;
  }

  /** A key that every replica has verified and that is never revoked. */
  TestKey admin() {
    return admin;
  }

  /** Where replica {@code index} finds its database. */
  DatabaseAddress databaseOf(int index) {
    return database.at(relays.get(index).port());
  }

  /** Makes a key and uses it once on every replica, so that each has verified it. */
  TestKey known() {
    TestKey key = keys.key();
    for (GatewayJvm replica : replicas) {
      Awaitility.await().atMost(PATIENCE).until(() -> replica.get(key.token()).status() == 200);
    }
    return key;
  }

  /** Makes everything run, connected and healthy again. */
  void restore() {
    relays.forEach(relay -> relay.redirect(database.port()));
    relays.forEach(TcpRelay::heal);
    if (database.running()) {
      database.resume();
    } else {
      database.launch();
    }
    database.awaitAnswer();
    database.execute("ALTER SYSTEM RESET ALL");
    database.execute("SELECT pg_reload_conf()");
    for (GatewayJvm replica : replicas) {
      if (replica.running()) {
        replica.resume();
      } else {
        replica.start();
      }
    }
    replicas.forEach(GatewayJvm::awaitReady);
    await(PATIENCE, () -> database.query(MAY_HOLD).equals(String.valueOf(replicas.size())));
  }

  /** Waits for every replica to say so. */
  void awaitAll(Predicate<GatewayJvm> what, Duration limit) {
    for (GatewayJvm replica : replicas) {
      await(limit, () -> what.test(replica));
    }
  }

  /** Waits until something is so, asking often. */
  static void await(Duration limit, BooleanSupplier what) {
    Awaitility.await()
        .atMost(limit)
        .pollDelay(Duration.ZERO)
        .pollInterval(Duration.ofMillis(10))
        .until(what::getAsBoolean);
  }

  /** Revokes a key through one replica, and returns its answer. */
  Answer revoke(int replica, TestKey key) {
    return replicas.get(replica).revoke(admin.token(), key);
  }

  /** Sends an empty POST to one replica. */
  Answer post(int replica, String path, TestKey credential) {
    try (PlainClient client = replicas.get(replica).client()) {
      return client.post(path, credential.token(), "");
    }
  }

  /** Runs a command line beside the gateways. */
  ChildProcess command(String... arguments) throws IOException {
    Map<String, String> environment =
        Map.of(
            "MAGLATCH_SECRETS_MASTER",
            GatewayJvm.MASTER,
            "MAGLATCH_DATABASE_URL",
            database.address().url(),
            "MAGLATCH_DATABASE_USER",
            String.valueOf(database.address().user()));
    return ChildProcess.start(Main.class, List.of(arguments), environment);
  }

  @Override
  public void close() {
    replicas.forEach(GatewayJvm::close);
    relays.forEach(TcpRelay::close);
    database.close();
    Await.result(vertx.close());
  }

  private static HttpServer upstream(Vertx vertx) {
    return Await.result(
        vertx
            .createHttpServer()
            .requestHandler(Fleet::answer)
            .webSocketHandler(socket -> socket.writeTextMessage("hello"))
            .listen(0, "127.0.0.1"));
  }

  /** What is under {@code /events} begins, and has no end. */
  private static void answer(HttpServerRequest request) {
    if (request.path().equals("/events")) {
      request
          .response()
          .putHeader("content-type", "text/event-stream")
          .setChunked(true)
          .write("data: hello\n\n");
    } else {
      request.response().end("ok");
    }
  }
}
