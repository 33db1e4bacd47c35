// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.postgres;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.maglatch.Await;
import dev.maglatch.fault.Fault;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.pgclient.PgConnection;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.SqlClient;
import java.time.Duration;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class SteadyConnectionTest {
  private static final Duration TIMEOUT = Duration.ofMillis(500);
  private static final String NUMBER = "SELECT number FROM sample";
  private static final Vertx vertx = Vertx.vertx();
  private static final TestDatabase database = TestDatabase.create();

  private final ServerRelay relay = ServerRelay.before(database.address());
  private final SteadyConnection connection =
      new SteadyConnection(vertx, options(), TIMEOUT, ready -> Future.succeededFuture());

  @BeforeAll
  static void start() {
    database.execute("CREATE TABLE sample (number integer)");
    database.execute("INSERT INTO sample VALUES (7)");
  }

  @AfterAll
  static void stop() {
    Await.result(vertx.close());
    database.close();
  }

  @AfterEach
  void close() {
    Await.result(connection.close());
    relay.close();
  }

  @Test
  void connectionIsOpenedOnceAndShared() {
    assertThat(number()).isEqualTo(7);
    assertThat(number()).isEqualTo(7);

    assertThat(relay.accepted()).isOne();
  }

  /** Otherwise a server that accepts and says nothing would cost a socket at every try. */
  @Test
  void connectionToAServerThatSaysNothingIsClosed() {
    relay.stall();

    for (int i = 1; i <= 3; i++) {
      assertUnavailable(Await.failure(connection.use(SteadyConnectionTest::select)));
      assertThat(relay.accepted()).isEqualTo(i);
      await().until(() -> relay.open() == 0);
    }

    relay.flow();
    assertThat(number()).isEqualTo(7);
  }

  @Test
  void connectionThatFallsSilentIsClosedAndReplaced() {
    assertThat(number()).isEqualTo(7);
    relay.stall();

    assertUnavailable(Await.failure(connection.use(SteadyConnectionTest::select)));

    await().until(() -> relay.open() == 0);
    relay.flow();
    assertThat(number()).isEqualTo(7);
    assertThat(relay.accepted()).isEqualTo(2);
  }

  /** A process that slept may not have heard of the cut. */
  @Test
  void connectionThatWasCutIsReplaced() {
    for (int i = 0; i < 20; i++) {
      assertThat(number()).isEqualTo(7);
      relay.cut();
    }
    assertThat(number()).isEqualTo(7);
  }

  @Test
  void connectionThatIsCutInMidAnswerIsReplaced() {
    assertThat(number()).isEqualTo(7);
    relay.stall();
    Future<RowSet<Row>> asked = connection.use(SteadyConnectionTest::select);
    relay.flow();
    relay.cut();

    assertThat(Await.result(asked).iterator().next().getInteger(0)).isEqualTo(7);
    assertThat(relay.accepted()).isEqualTo(2);
  }

  @Test
  void connectionThatTheServerEndsIsReplaced() {
    for (int i = 0; i < 20; i++) {
      assertThat(number()).isEqualTo(7);
      database.execute(
          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
              + " WHERE datname = current_database() AND pid <> pg_backend_pid()");
    }
    assertThat(number()).isEqualTo(7);
  }

  /** Whoever asked later has time left, and nothing but the connection was in the way. */
  @Test
  void whoAskedAfterAnotherWhoseAnswerIsLateIsAnswered() {
    SteadyConnection patient =
        new SteadyConnection(
            vertx, options(), Duration.ofSeconds(10), ready -> Future.succeededFuture());
    Await.result(patient.use(SteadyConnectionTest::select));
    Future<?> late =
        patient.use(open -> open.query("SELECT pg_sleep(60)").execute().timeout(2, SECONDS));
    await().pollDelay(Duration.ofSeconds(1)).until(() -> !late.isComplete());

    Future<RowSet<Row>> after = patient.use(SteadyConnectionTest::select);

    assertUnavailable(Await.failure(late));
    assertThat(Await.result(after).iterator().next().getInteger(0)).isEqualTo(7);
    Await.result(patient.close());
  }

  /** Otherwise whoever asks would wait for twice as long as it was told. */
  @Test
  void lateAnswerIsNotAwaitedTwice() {
    assertThat(number()).isEqualTo(7);
    relay.stall();

    Throwable late = Await.failure(connection.use(SteadyConnectionTest::select));

    assertThat(late).hasRootCauseInstanceOf(TimeoutException.class);
    assertThat(relay.accepted()).isOne();
  }

  /** "cached plan must not change result type" is the driver's trouble and not the caller's. */
  @Test
  void tableThatChangedUnderAPreparedStatementIsReadAtOnce() {
    assertThat(number()).isEqualTo(7);
    for (String type : new String[] {"bigint", "smallint", "integer"}) {
      database.execute("ALTER TABLE sample ALTER COLUMN number TYPE " + type);

      assertThat(number()).isEqualTo(7);
    }
    assertThat(relay.accepted()).isOne();
  }

  @Test
  void wrongStatementCostsNoConnection() {
    assertUnavailable(
        Await.failure(connection.use(open -> open.query("SELECT nonsense").execute())));

    assertThat(number()).isEqualTo(7);
    assertThat(relay.accepted()).isOne();
  }

  @Test
  void closingDoesNotWaitForAServerThatSaysNothing() {
    relay.stall();
    Future<RowSet<Row>> stuck = connection.use(SteadyConnectionTest::select);
    await().until(() -> relay.open() == 1);

    Await.result(connection.close());

    await().until(() -> relay.open() == 0);
    assertUnavailable(Await.failure(stuck));
    assertUnavailable(Await.failure(connection.use(SteadyConnectionTest::select)));
    assertThat(relay.accepted()).isOne();
  }

  private int number() {
    return Await.result(connection.use(SteadyConnectionTest::select))
        .iterator()
        .next()
        .getInteger(0);
  }

  private static Future<RowSet<Row>> select(PgConnection open) {
    SqlClient client = open;
    return client.preparedQuery(NUMBER).execute();
  }

  private static void assertUnavailable(Throwable failure) {
    assertThat(failure)
        .isInstanceOfSatisfying(
            Fault.class, fault -> assertThat(fault.code()).isEqualTo(Fault.Code.STORE_UNAVAILABLE));
  }

  private PgConnectOptions options() {
    return new PgConnectOptions(relay.address().connectOptions())
        .setPipeliningLimit(16)
        .setCachePreparedStatements(true);
  }
}
