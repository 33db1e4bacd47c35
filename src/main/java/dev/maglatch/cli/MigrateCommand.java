// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.cli;

import dev.maglatch.config.GatewayConfig;
import dev.maglatch.config.Mode;
import dev.maglatch.postgres.DatabaseAddress;
import dev.maglatch.postgres.EmbeddedDatabase;
import dev.maglatch.postgres.Migrations;
import dev.maglatch.postgres.SchemaVersion;
import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code maglatch migrate}. */
@Command(
    name = "migrate",
    description = {
      "Brings the database's schema to this version's state, and ends.",
      "serve does the same when the schema is behind. Run it by itself when serve's own role may"
          + " not change the schema: database.migration-url names one that may."
    },
    mixinStandardHelpOptions = true,
    versionProvider = VersionCommand.class,
    sortOptions = false)
final class MigrateCommand implements Callable<Integer> {
  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it before call()
  private CommandSpec spec;

  @Mixin private final SettingsOptions settings = new SettingsOptions();

  @Override
  public Integer call() throws IOException {
    GatewayConfig config = settings.read(Mode.MAINTENANCE);
    if (!config.database().embedded()) {
      migrate(config.database().requireMigrationAddress());
      return 0;
    }
    try (EmbeddedDatabase database = EmbeddedDatabase.start(config.dataDir())) {
      migrate(database.address());
    }
    return 0;
  }

  private void migrate(DatabaseAddress address) {
    int applied = Migrations.apply(address);
    spec.commandLine()
        .getOut()
        .println(
            applied == 0
                ? "The schema is up to date (" + SchemaVersion.LATEST + ")."
                : "Applied "
                    + applied
                    + " migrations; the schema is at "
                    + SchemaVersion.LATEST
                    + ".");
  }
}
