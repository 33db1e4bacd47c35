// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import dev.maglatch.Await;
import dev.maglatch.fault.Fault;
import dev.maglatch.key.TokenHash;
import io.vertx.core.Vertx;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Rule 7: what a standby says about a key may be old, so it is not asked. */
class StandbyTest {
  private static final Duration TIMEOUT = Duration.ofSeconds(5);
  private static final List<TokenHash> ANY = List.of(new TokenHash(1, 2, 3, 4));

  @Test
  void lookupsAreUndecidedUntilTheStandbyIsPromoted(@TempDir Path folder) throws Exception {
    start(folder, false).close();
    Vertx vertx = Vertx.vertx();
    try (EmbeddedPostgres server = start(folder, true)) {
      DatabaseAddress address = address(server);
      PgKeyStore keys = new PgKeyStore(vertx, address.connectOptions(), TIMEOUT);
      PgSessionLookup sessions = new PgSessionLookup(vertx, address.connectOptions(), TIMEOUT);

      assertUndecided(Await.failure(keys.find(ANY)));
      assertUndecided(Await.failure(sessions.standing(UUID.randomUUID())));

      promote(server);
      Awaitility.await()
          .ignoreExceptionsMatching(AssertionError.class::isInstance)
          .until(() -> Await.result(keys.find(ANY)).isEmpty());
      assertThat(Await.result(sessions.standing(UUID.randomUUID()))).isNull();
      Await.result(keys.close());
      Await.result(sessions.close());
    } finally {
      Await.result(vertx.close());
    }
  }

  private static EmbeddedPostgres start(Path folder, boolean standby) throws IOException {
    Path data = folder.resolve("data");
    if (standby) {
      Files.createFile(data.resolve("standby.signal"));
    }
    EmbeddedPostgres server =
        EmbeddedPostgres.builder()
            .setDataDirectory(data)
            .setCleanDataDirectory(false)
            .setPGStartupWait(Duration.ofSeconds(30))
            .start();
    if (!standby) {
      Migrations.apply(address(server));
    }
    return server;
  }

  private static DatabaseAddress address(EmbeddedPostgres server) {
    return DatabaseAddress.parse(
        "postgresql://postgres:postgres@localhost:" + server.getPort() + "/postgres", null, null);
  }

  private static void promote(EmbeddedPostgres server) throws Exception {
    try (var connection = server.getPostgresDatabase().getConnection();
        var statement = connection.createStatement()) {
      statement.execute("SELECT pg_promote()");
    }
  }

  private static void assertUndecided(Throwable failure) {
    assertThat(failure)
        .isInstanceOfSatisfying(
            Fault.class,
            fault -> {
              assertThat(fault.code()).isEqualTo(Fault.Code.STORE_UNAVAILABLE);
              assertThat(fault.getMessage()).contains("in recovery");
            });
  }
}
