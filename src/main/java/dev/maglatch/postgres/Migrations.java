// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.postgres;

import dev.maglatch.secret.Secret;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.output.MigrateResult;

/** Brings the schema to this version's state. Blocks: call it from a thread of your own. */
public final class Migrations {
  private Migrations() {}

  /**
   * Applies what is missing and returns how many steps that were. Several processes may call it at
   * once: one works, the others wait. Throws {@link org.flywaydb.core.api.FlywayException}.
   */
  public static int apply(DatabaseAddress address) {
    Secret password = address.password();
    MigrateResult result =
        Flyway.configure(Migrations.class.getClassLoader())
            .dataSource(
                address.jdbcUrl(), address.user(), password == null ? null : password.reveal())
            .locations("classpath:db/migration")
            .table("schema_history")
            .baselineOnMigrate(false)
            .load()
            .migrate();
    return result.migrationsExecuted;
  }
}
