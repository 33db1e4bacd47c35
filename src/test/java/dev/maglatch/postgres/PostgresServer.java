// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.postgres;

import static java.nio.file.StandardCopyOption.COPY_ATTRIBUTES;

import dev.maglatch.testing.Ports;
import dev.maglatch.testing.Signals;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;

/**
 * A PostgreSQL server of a test's own, which the test may kill, pause, start again, copy to a
 * standby and promote. On loopback, without a password, and durable.
 */
public final class PostgresServer implements AutoCloseable {
  private static final String USER = "maglatch";
  private static final Path PROGRAMS = Path.of("target/postgres-programs");
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final Path data;
  private final File log;
  private final PostgresPrograms programs;
  private final int port;
  private final Map<String, String> environment;
  private final List<String> options = new ArrayList<>();
  private @Nullable Process process;

  private PostgresServer(
      Path folder, Map<String, String> environment, PostgresPrograms programs, int port)
      throws IOException {
    this.data = folder.resolve("data");
    this.log = folder.resolve("postgres.log").toFile();
    this.programs = programs;
    this.port = port;
    this.environment = environment;
    Files.createDirectories(folder);
    Files.createFile(log.toPath());
    programs.own(log.toPath());
  }

  /** Starts a new, empty server with its data in {@code folder}. */
  public static PostgresServer start(Path folder) {
    return start(folder, Map.of());
  }

  /**
   * As {@link #start(Path)}.
   *
   * @param environment variables of the server's process
   */
  public static PostgresServer start(Path folder, Map<String, String> environment) {
    try {
      PostgresServer server = new PostgresServer(folder, environment, programs(), Ports.free());
      server.initialize();
      server.start();
      return server;
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  /** Starts it again, after {@link #kill} or {@link #stop}, and returns when it answers. */
  public void start() {
    launch();
    awaitAnswer();
  }

  /** Starts it again and does not wait. */
  public void launch() {
    List<String> arguments = new ArrayList<>(List.of("-D", data.toAbsolutePath().toString()));
    arguments.addAll(List.of("-p", String.valueOf(port)));
    for (String option : options()) {
      arguments.addAll(List.of("-c", option));
    }
    ProcessBuilder builder = programs.builder(log, "postgres", arguments.toArray(String[]::new));
    builder.environment().putAll(environment);
    try {
      process = builder.start();
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  /** Waits until the server answers queries. */
  public void awaitAnswer() {
    Awaitility.await()
        .atMost(PATIENCE)
        .pollDelay(Duration.ZERO)
        .pollInterval(Duration.ofMillis(20))
        .until(this::answers);
  }

  /** Whether the server answers a query right now. */
  public boolean answers() {
    try {
      return query("SELECT 1").equals("1");
    } catch (IllegalStateException notYet) {
      return false;
    }
  }

  /** Whether there is a process, paused or not. */
  public boolean running() {
    return process != null && process.isAlive();
  }

  /** Kills the server and every process of it, as a power failure would. */
  public void kill() {
    Signals.kill(handle());
  }

  /** Stops every process of the server where it is. */
  public void pause() {
    Signals.pause(handle());
  }

  public void resume() {
    Signals.resume(handle());
  }

  /** Stops it in order, ending whatever is still connected. */
  public void stop() {
    run("pg_ctl", "stop", "--wait", "--mode=fast", "--pgdata=" + data.toAbsolutePath());
  }

  /** Starts a streaming standby of this server, from a copy that is made while this one runs. */
  public PostgresServer standby(Path folder) {
    try (Connection connection = connect();
        Statement statement = connection.createStatement()) {
      PostgresServer copy = new PostgresServer(folder, environment, programs, Ports.free());
      statement.execute("SELECT pg_backup_start('standby', true)");
      copyFiles(data, copy.data);
      try (ResultSet stopped =
          statement.executeQuery(
              "SELECT labelfile FROM pg_backup_stop(wait_for_archive => true)")) {
        stopped.next();
        Files.writeString(copy.data.resolve("backup_label"), stopped.getString(1));
      }
      Files.createFile(copy.data.resolve("standby.signal"));
      programs.own(copy.data);
      copy.options.add("primary_conninfo=host=127.0.0.1 port=" + port + " user=" + USER);
      copy.start();
      return copy;
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    } catch (SQLException failed) {
      throw new IllegalStateException("cannot copy the server", failed);
    }
  }

  /** Makes a standby the primary and returns when it is. */
  public void promote() {
    execute("SELECT pg_promote(true)");
  }

  public DatabaseAddress address() {
    return at(port);
  }

  /** Returns the same server as seen through a relay on {@code otherPort}. */
  public DatabaseAddress at(int otherPort) {
    return new DatabaseAddress("postgresql://127.0.0.1:" + otherPort + "/postgres", USER, null);
  }

  public int port() {
    return port;
  }

  /** Runs one statement by hand, as an operator would with psql. */
  public void execute(String sql) {
    try (Connection connection = connect();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    } catch (SQLException failed) {
      throw new IllegalStateException("could not run: " + sql, failed);
    }
  }

  /** Returns the first column of the first row as text. */
  public String query(String sql) {
    try (Connection connection = connect();
        Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(sql)) {
      rows.next();
      return String.valueOf(rows.getString(1));
    } catch (SQLException failed) {
      throw new IllegalStateException("could not run: " + sql, failed);
    }
  }

  /** Opens a plain JDBC connection. */
  public Connection connect() throws SQLException {
    Properties login = new Properties();
    login.setProperty("user", USER);
    login.setProperty("connectTimeout", "5");
    login.setProperty("socketTimeout", "30");
    return DriverManager.getConnection(address().jdbcUrl(), login);
  }

  /** Ends it and deletes its data; its log stays. */
  @Override
  public void close() {
    if (running()) {
      resume();
      kill();
    }
    try {
      PostgresBinaries.deleteAll(data);
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  private List<String> options() {
    List<String> all =
        new ArrayList<>(
            List.of(
                "listen_addresses=127.0.0.1",
                "unix_socket_directories=",
                "max_connections=200",
                "shared_buffers=32MB",
                "log_timezone=UTC",
                "timezone=UTC"));
    all.addAll(options);
    return all;
  }

  private void initialize() throws IOException {
    Files.createDirectory(data);
    programs.own(data);
    run(
        "initdb",
        "--pgdata=" + data.toAbsolutePath(),
        "--username=" + USER,
        "--auth=trust",
        "--encoding=UTF8",
        "--locale=C",
        "--no-sync");
  }

  private void run(String program, String... arguments) {
    try {
      int exit = programs.run(PATIENCE, log, program, arguments);
      if (exit != 0) {
        throw new IllegalStateException(program + " failed, see " + log);
      }
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  private ProcessHandle handle() {
    if (process == null) {
      throw new IllegalStateException("not started");
    }
    return process.toHandle();
  }

  private static PostgresPrograms programs() throws IOException {
    Path shared = Files.createDirectories(PROGRAMS.toAbsolutePath());
    return PostgresPrograms.of(PostgresBinaries.unpack(shared), shared);
  }

  /** Files come and go while the server runs; what is missing is in the log that follows. */
  private static void copyFiles(Path from, Path to) throws IOException {
    Files.walkFileTree(
        from,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes)
              throws IOException {
            Files.copy(folder, to.resolve(from.relativize(folder)), COPY_ATTRIBUTES);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            if (!file.endsWith("postmaster.pid")) {
              copyFile(file, to.resolve(from.relativize(file)));
            }
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFileFailed(Path file, IOException gone) {
            return FileVisitResult.CONTINUE;
          }
        });
  }

  private static void copyFile(Path file, Path to) throws IOException {
    try {
      Files.copy(file, to, COPY_ATTRIBUTES);
    } catch (NoSuchFileException gone) {
      // the log that follows says so
    }
  }
}
