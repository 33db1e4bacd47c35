// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.postgres;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Properties;
import java.util.UUID;

/**
 * A migrated database of a test class's own on the one server of the test run.
 *
 * <p>The server is embedded, or the one that {@code MAGLATCH_TEST_DATABASE_URL} names (its user
 * must be allowed to create databases). The schema is migrated once, into a template.
 */
public final class TestDatabase implements AutoCloseable {
  private static final String TEMPLATE = "maglatch_template_" + suffix();

  private final DatabaseAddress address;
  private final String name;

  private TestDatabase(DatabaseAddress address, String name) {
    this.address = address;
    this.name = name;
  }

  /** Makes a fresh, migrated and empty database. */
  public static synchronized TestDatabase create() {
    String name = "maglatch_test_" + suffix();
    execute(Server.ADMIN, "CREATE DATABASE " + name + " TEMPLATE " + Server.template());
    return new TestDatabase(named(name), name);
  }

  /** Makes a fresh database without any schema. */
  public static synchronized TestDatabase createEmpty() {
    String name = "maglatch_test_" + suffix();
    execute(Server.ADMIN, "CREATE DATABASE " + name);
    return new TestDatabase(named(name), name);
  }

  public DatabaseAddress address() {
    return address;
  }

  /** Opens a plain JDBC connection, for what a test does by hand. */
  public Connection connect() throws SQLException {
    return open(address);
  }

  /** Runs one statement by hand, as an operator would with psql. */
  public void execute(String sql) {
    execute(address, sql);
  }

  /** Returns the first column of the first row, by hand. */
  public long count(String sql) {
    try (Connection connection = open(address);
        var statement = connection.createStatement();
        var rows = statement.executeQuery(sql)) {
      rows.next();
      return rows.getLong(1);
    } catch (SQLException failed) {
      throw new IllegalStateException("could not run: " + sql, failed);
    }
  }

  /** Drops the database, ending whatever is still connected to it. */
  @Override
  public void close() {
    execute(Server.ADMIN, "DROP DATABASE IF EXISTS " + name + " WITH (FORCE)");
  }

  private static void execute(DatabaseAddress address, String sql) {
    try (Connection connection = open(address);
        var statement = connection.createStatement()) {
      statement.execute(sql);
    } catch (SQLException failed) {
      throw new IllegalStateException("could not run: " + sql, failed);
    }
  }

  private static Connection open(DatabaseAddress address) throws SQLException {
    Properties login = new Properties();
    if (address.user() != null) {
      login.setProperty("user", address.user());
    }
    if (address.password() != null) {
      login.setProperty("password", address.password().reveal());
    }
    return DriverManager.getConnection(address.jdbcUrl(), login);
  }

  private static DatabaseAddress named(String database) {
    DatabaseAddress admin = Server.ADMIN;
    return new DatabaseAddress(
        admin.url().replaceFirst("^([a-z]+://[^/]+)/[^?]*", "$1/" + database),
        admin.user(),
        admin.password());
  }

  private static String suffix() {
    return UUID.randomUUID().toString().replace("-", "").substring(0, 12);
  }

  /** The server, started on first use and stopped with the JVM. */
  private static final class Server {
    static final DatabaseAddress ADMIN = start();
    private static boolean templateReady;

    static String template() {
      if (!templateReady) {
        TestDatabase.execute(ADMIN, "CREATE DATABASE " + TEMPLATE);
        Migrations.apply(named(TEMPLATE));
        templateReady = true;
      }
      return TEMPLATE;
    }

    private static DatabaseAddress start() {
      String given = System.getenv("MAGLATCH_TEST_DATABASE_URL");
      if (given != null && !given.isBlank()) {
        return DatabaseAddress.parse(given, null, null);
      }
      try {
        EmbeddedPostgres server =
            EmbeddedPostgres.builder()
                .setServerConfig("max_connections", "300")
                .setPGStartupWait(Duration.ofSeconds(30))
                .start();
        return DatabaseAddress.parse(
            "postgresql://postgres:postgres@localhost:" + server.getPort() + "/postgres",
            null,
            null);
      } catch (IOException failed) {
        throw new UncheckedIOException("embedded PostgreSQL did not start", failed);
      }
    }
  }
}
