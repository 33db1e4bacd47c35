// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class MigrationsTest {
  @Test
  void secondRunFindsNothingToDo() {
    try (TestDatabase database = TestDatabase.createEmpty()) {
      assertThat(Migrations.apply(database.address())).isPositive();
      assertThat(Migrations.apply(database.address())).isZero();
    }
  }
}
