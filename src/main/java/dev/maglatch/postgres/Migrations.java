// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.postgres;

import dev.maglatch.fault.StartFailure;
import dev.maglatch.secret.Secret;
import java.sql.SQLException;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;
import org.flywaydb.core.api.output.MigrateResult;

/** Brings the schema to this version's state. Blocks: call it from a thread of your own. */
public final class Migrations {
  private Migrations() {}

  /**
   * Applies what is missing and returns how many steps that were. Several processes may call it at
   * once: one works, the others wait.
   *
   * @throws StartFailure if the database cannot be reached or a step fails; then that step is
   *     undone
   */
  public static int apply(DatabaseAddress address) {
    Secret password = address.password();
    try {
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
    } catch (FlywayException failed) {
      throw new StartFailure(explain(address, failed), failed);
    }
  }

  private static String explain(DatabaseAddress address, FlywayException failed) {
    Throwable cause = failed;
    while (cause.getCause() != null && !(cause instanceof SQLException)) {
      cause = cause.getCause();
    }
    String reason = String.valueOf(cause.getMessage()).lines().findFirst().orElse("no reason");
    boolean connected =
        !(cause instanceof SQLException refused)
            || !String.valueOf(refused.getSQLState()).matches("08.*|28.*|3D.*");
    return connected
        ? "cannot bring the schema of " + address.url() + " up to date: " + reason
        : "cannot connect to "
            + address.url()
            + ": "
            + reason
            + " Check database.url, its user and its password, and that PostgreSQL runs there.";
  }
}
