// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Objects;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EmbeddedDatabaseIT {
  @TempDir static Path programs;
  @TempDir Path folder;

  @Test
  void dataOutlivesTheServerAndIsWrittenToDisk() throws Exception {
    try (EmbeddedDatabase database = EmbeddedDatabase.start(folder, programs)) {
      assertThat(ask(database, "SHOW fsync")).isEqualTo("on");
      assertThat(ask(database, "SHOW synchronous_commit")).isEqualTo("on");
      assertThat(ask(database, "SHOW full_page_writes")).isEqualTo("on");
      assertThat(ask(database, "SELECT lower('Ä')")).isEqualTo("ä");
      ask(database, "CREATE TABLE kept AS SELECT 7 AS number; SELECT 1");
    }
    try (EmbeddedDatabase database = EmbeddedDatabase.start(folder, programs)) {
      assertThat(ask(database, "SELECT number FROM kept")).isEqualTo("7");
    }
  }

  @Test
  void passwordIsNeededAndOnlyItsOwnerCanReadIt() throws Exception {
    try (EmbeddedDatabase database = EmbeddedDatabase.start(folder, programs)) {
      String url = database.address().jdbcUrl();

      assertThatThrownBy(() -> DriverManager.getConnection(url, "maglatch", "guess"))
          .isInstanceOf(SQLException.class)
          .hasMessageContaining("password");
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(database.urlFile())))
          .isEqualTo("rw-------");
    }
    assertThat(folder.resolve("database-url")).doesNotExist();
  }

  @Test
  void secondServerOverTheSameFolderIsRefused() throws Exception {
    try (EmbeddedDatabase database = EmbeddedDatabase.start(folder, programs)) {
      assertThatThrownBy(() -> EmbeddedDatabase.start(folder, programs))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("is in use by another Maglatch (process ")
          .hasMessageContaining("data-dir");
      assertThat(ask(database, "SELECT 1")).isEqualTo("1");
    }
  }

  /** A killed Maglatch leaves its server behind; the next one must take its place. */
  @Test
  void serverThatOutlivedItsMaglatchIsReplaced() throws Exception {
    Process abandoned = startAndAbandon();
    ask(Files.readString(folder.resolve("database-url")), "CREATE TABLE kept(); SELECT 1");
    abandoned.destroyForcibly().waitFor();

    try (EmbeddedDatabase database = EmbeddedDatabase.start(folder, programs)) {
      assertThat(ask(database, "SELECT count(*) FROM kept")).isEqualTo("0");
    }
  }

  /** Power loss leaves postmaster.pid behind, and its number may belong to anybody by now. */
  @Test
  void noteOfAServerThatIsGoneIsNoObstacle() throws Exception {
    EmbeddedDatabase.start(folder, programs).close();
    Files.writeString(
        folder.resolve("database/postmaster.pid"), ProcessHandle.current().pid() + "\n");

    try (EmbeddedDatabase database = EmbeddedDatabase.start(folder, programs)) {
      assertThat(ask(database, "SELECT 1")).isEqualTo("1");
    }
  }

  @Test
  void serverThatIsKilledComesBackOnItsPort() throws Exception {
    try (EmbeddedDatabase database = EmbeddedDatabase.start(folder, programs)) {
      ask(database, "CREATE TABLE kept(); SELECT 1");
      Path note = folder.resolve("database/postmaster.pid");
      long pid = Long.parseLong(Files.readAllLines(note).get(0));
      ProcessHandle.of(pid).orElseThrow().destroyForcibly();

      Awaitility.await()
          .atMost(Duration.ofSeconds(40))
          .ignoreExceptions()
          .until(() -> ask(database, "SELECT count(*) FROM kept").equals("0"));
    }
  }

  private Process startAndAbandon() throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                Abandoned.class.getName(),
                folder.toString(),
                programs.toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    Awaitility.await()
        .atMost(Duration.ofSeconds(60))
        .until(() -> Files.exists(folder.resolve("database-url")));
    return process;
  }

  private static String ask(EmbeddedDatabase database, String sql) throws SQLException {
    DatabaseAddress address = database.address();
    return ask(address, sql);
  }

  private static String ask(String url, String sql) throws SQLException {
    return ask(DatabaseAddress.parse(url.strip(), null, null), sql);
  }

  private static String ask(DatabaseAddress address, String sql) throws SQLException {
    try (Connection connection =
            DriverManager.getConnection(
                address.jdbcUrl(),
                address.user(),
                Objects.requireNonNull(address.password()).reveal());
        var statement = connection.createStatement()) {
      boolean rows = statement.execute(sql);
      while (!rows) {
        rows = statement.getMoreResults();
      }
      try (ResultSet result = statement.getResultSet()) {
        result.next();
        return result.getString(1);
      }
    }
  }

  /** A Maglatch that never stops its server. */
  static final class Abandoned {
    public static void main(String[] args) throws Exception {
      EmbeddedDatabase.start(Path.of(args[0]), Path.of(args[1]));
      Thread.currentThread().join();
    }
  }
}
