// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

class MigrationsTest {
  private static final Vertx vertx = Vertx.vertx();

  @AfterAll
  static void close() {
    vertx.close().toCompletionStage().toCompletableFuture().join();
  }

  @Test
  void secondRunFindsNothingToDo() {
    try (TestDatabase database = TestDatabase.createEmpty()) {
      assertThat(version(database)).isZero();
      assertThat(Migrations.apply(database.address())).isPositive();
      assertThat(version(database)).isEqualTo(SchemaVersion.LATEST);
      assertThat(Migrations.apply(database.address())).isZero();
    }
  }

  private static int version(TestDatabase database) {
    return SchemaVersion.read(vertx, database.address().connectOptions(), Duration.ofSeconds(10))
        .toCompletionStage()
        .toCompletableFuture()
        .orTimeout(20, TimeUnit.SECONDS)
        .join();
  }
}
