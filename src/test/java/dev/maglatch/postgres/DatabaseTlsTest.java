// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.maglatch.Await;
import dev.maglatch.fault.Fault;
import dev.maglatch.fault.StartFailure;
import dev.maglatch.proxy.Certificates;
import dev.maglatch.proxy.Protocols.TlsFiles;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What {@code sslmode} and {@code sslrootcert} of {@code database.url} mean, on a real server. */
class DatabaseTlsTest {
  private static final String OWN = "&sslrootcert=OWN";
  private static final String OTHER = "&sslrootcert=OTHER";

  @TempDir private static Path folder;
  private static Vertx vertx;
  private static EmbeddedPostgres server;
  private static TlsFiles own;
  private static TlsFiles other;

  @BeforeAll
  static void start() throws IOException {
    own = Certificates.write(Files.createDirectory(folder.resolve("own")));
    other = Certificates.write(Files.createDirectory(folder.resolve("other")));
    Files.setPosixFilePermissions(own.key(), PosixFilePermissions.fromString("rw-------"));
    vertx = Vertx.vertx();
    server =
        EmbeddedPostgres.builder()
            .setServerConfig("ssl", "on")
            .setServerConfig("ssl_cert_file", own.certificate().toString())
            .setServerConfig("ssl_key_file", own.key().toString())
            .setPGStartupWait(Duration.ofSeconds(30))
            .start();
  }

  @AfterAll
  static void stop() throws IOException {
    server.close();
    Await.result(vertx.close());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "sslmode=require",
        "sslmode=require" + OWN,
        "sslmode=verify-ca" + OWN,
        "sslmode=verify-full" + OWN
      })
  void connectionsAreEncrypted(String parameters) {
    assertThat(Await.result(encrypted(parameters))).isTrue();
    assertThat(Migrations.apply(address(parameters))).isNotNegative();
  }

  @ParameterizedTest
  @ValueSource(strings = {"sslmode=disable", "application_name=x", "sslmode=disable" + OWN})
  void withoutAModeTheyAreNot(String parameters) {
    assertThat(Await.result(encrypted(parameters))).isFalse();
  }

  /** A server that cannot prove who it is gets no password. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "sslmode=require" + OTHER,
        "sslmode=verify-ca",
        "sslmode=verify-ca" + OTHER,
        "sslmode=verify-full",
        "sslmode=verify-full" + OTHER
      })
  void serverThatNobodyVouchesForIsRefused(String parameters) {
    assertThat(Await.failure(encrypted(parameters))).isInstanceOf(Fault.class);
    assertThatThrownBy(() -> Migrations.apply(address(parameters)))
        .isInstanceOf(StartFailure.class);
  }

  /** The certificate is localhost's. */
  @Test
  void fullVerificationLooksAtTheNameToo() {
    DatabaseAddress elsewhere =
        new DatabaseAddress(
            address("sslmode=verify-full" + OWN).url().replace("//localhost", "//127.0.0.1"),
            "postgres",
            null);

    assertThat(Await.failure(encrypted(elsewhere))).isInstanceOf(Fault.class);
    assertThatThrownBy(() -> Migrations.apply(elsewhere)).isInstanceOf(StartFailure.class);
  }

  @Test
  void fileThatIsNotThereIsSaidAtOnce() {
    assertThatThrownBy(
            () ->
                DatabaseAddress.parse(
                    "postgresql://a@b/c?sslmode=require&sslrootcert=no-such-file", null, null))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("sslrootcert");
  }

  private static Future<Boolean> encrypted(String parameters) {
    return encrypted(address(parameters));
  }

  private static Future<Boolean> encrypted(DatabaseAddress address) {
    Database database = Database.open(vertx, address, PoolLimits.DEFAULT);
    return database
        .query(
            sql ->
                sql.query("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
                    .execute()
                    .map(rows -> rows.iterator().next().getBoolean(0)))
        .eventually(() -> database.close());
  }

  private static DatabaseAddress address(String parameters) {
    return DatabaseAddress.parse(
        "postgresql://postgres:postgres@localhost:%d/postgres?%s"
            .formatted(
                server.getPort(),
                parameters
                    .replace("OWN", own.certificate().toString())
                    .replace("OTHER", other.certificate().toString())),
        null,
        null);
  }
}
