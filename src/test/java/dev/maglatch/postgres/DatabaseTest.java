// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import dev.maglatch.Await;
import dev.maglatch.fault.Fault;
import dev.maglatch.testing.Ports;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.sqlclient.SqlClient;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.sql.Connection;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class DatabaseTest {
  private static final PoolLimits SHORT =
      new PoolLimits(2, Duration.ofMillis(700), Duration.ofMillis(600), Duration.ofMillis(200));

  private static TestDatabase server;
  private static Vertx vertx;
  private Database database;

  @BeforeAll
  static void start() {
    server = TestDatabase.create();
    server.execute("CREATE TABLE notes (id integer PRIMARY KEY, text text)");
    vertx = Vertx.vertx();
  }

  @AfterAll
  static void stop() {
    Await.result(vertx.close());
    server.close();
  }

  @BeforeEach
  void open() {
    database = Database.open(vertx, server.address(), SHORT);
  }

  @AfterEach
  void close() {
    Await.result(database.close());
  }

  @Test
  void connectionsSayWhoTheyAre() {
    String name =
        Await.result(
            database.query(
                client ->
                    client
                        .query("SELECT current_setting('application_name')")
                        .execute()
                        .map(rows -> rows.iterator().next().getString(0))));

    assertThat(name).isEqualTo("maglatch");
  }

  @Test
  void failedTransactionLeavesNothing() {
    Throwable failure =
        Await.failure(
            database.transaction(
                connection ->
                    run(connection, "INSERT INTO notes VALUES (1, 'x')")
                        .compose(done -> Future.failedFuture(new IllegalStateException("no")))));

    assertThat(failure).isInstanceOf(Fault.class).hasMessageContaining("no");
    assertThat(count(1)).isZero();
  }

  @Test
  void brokenStatementIsADefectOfOurs() {
    assertThat(codeOf(run("SELECT nonsense FROM nowhere"))).isEqualTo(Fault.Code.INTERNAL);
  }

  @Test
  void slowStatementIsUnavailable() {
    assertThat(codeOf(run("SELECT pg_sleep(5)"))).isEqualTo(Fault.Code.STORE_UNAVAILABLE);
  }

  @Test
  void lockHeldTooLongIsUnavailable() throws Exception {
    server.execute("INSERT INTO notes VALUES (2, 'held')");
    try (Connection holder = server.connect()) {
      holder.setAutoCommit(false);
      holder.createStatement().execute("SELECT id FROM notes WHERE id = 2 FOR UPDATE");

      assertThat(codeOf(run("SELECT id FROM notes WHERE id = 2 FOR UPDATE")))
          .isEqualTo(Fault.Code.STORE_UNAVAILABLE);
    }
  }

  /** The caller must not take a commit whose answer got lost for a success. */
  @Test
  void connectionLostInTheMiddleIsUnavailable() {
    Future<Void> cut =
        database.transaction(
            connection ->
                run(connection, "INSERT INTO notes VALUES (3, 'x')")
                    .compose(
                        done ->
                            run(connection, "SELECT pg_terminate_backend(pg_backend_pid())")
                                .otherwiseEmpty()));

    assertThat(codeOf(cut)).isEqualTo(Fault.Code.STORE_UNAVAILABLE);
    assertThat(count(3)).isZero();
  }

  @Test
  void tableThatChangedUnderAPreparedStatementIsReadAgain() {
    server.execute("CREATE TABLE changing (a integer)");
    server.execute("INSERT INTO changing VALUES (7)");
    assertThat(readChanging()).isEqualTo("7");

    server.execute("ALTER TABLE changing ALTER COLUMN a TYPE text");

    assertThat(readChanging()).isEqualTo("7");
  }

  @Test
  void nobodyAtTheAddressIsUnavailable() throws Exception {
    assertThat(codeOf(askAt(Ports.free()))).isEqualTo(Fault.Code.STORE_UNAVAILABLE);
  }

  /** A machine that vanished neither answers nor refuses. */
  @Test
  void silentServerIsUnavailableInTime() throws Exception {
    try (ServerSocket silent = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
      long startNanos = System.nanoTime();

      assertThat(codeOf(askAt(silent.getLocalPort()))).isEqualTo(Fault.Code.STORE_UNAVAILABLE);
      assertThat(Duration.ofNanos(System.nanoTime() - startNanos))
          .isLessThan(Duration.ofSeconds(5));
    }
  }

  private static Future<Void> askAt(int port) {
    Database nowhere =
        Database.open(
            vertx,
            DatabaseAddress.parse("postgresql://x:y@localhost:" + port + "/z", null, null),
            SHORT);
    return nowhere.query(client -> run(client, "SELECT 1")).onComplete(done -> nowhere.close());
  }

  private String readChanging() {
    return Await.result(
        database.transaction(
            connection ->
                connection
                    .preparedQuery("SELECT a FROM changing")
                    .execute()
                    .map(rows -> String.valueOf(rows.iterator().next().getValue(0)))));
  }

  private long count(int id) {
    return Await.result(
        database.query(
            client ->
                client
                    .query("SELECT count(*) FROM notes WHERE id = " + id)
                    .execute()
                    .map(rows -> rows.iterator().next().getLong(0))));
  }

  private Future<Void> run(String sql) {
    return database.query(client -> run(client, sql));
  }

  private static Future<Void> run(SqlClient client, String sql) {
    return client.query(sql).execute().mapEmpty();
  }

  private static Fault.Code codeOf(Future<?> future) {
    Throwable failure = Await.failure(future);
    assertThat(failure).isInstanceOf(Fault.class);
    return ((Fault) failure).code();
  }
}
