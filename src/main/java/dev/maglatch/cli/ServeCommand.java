// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.cli;

import dev.maglatch.Gateway;
import dev.maglatch.Gateway.Reloading;
import dev.maglatch.config.ConfigSource.Reading;
import dev.maglatch.config.GatewayConfig;
import dev.maglatch.config.Mode;
import dev.maglatch.postgres.EmbeddedDatabase;
import java.io.IOException;
import java.util.Map;
import java.util.concurrent.Callable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code maglatch serve}. */
@Command(
    name = "serve",
    description = {
      "Runs the gateway until it is asked to stop (SIGTERM or Ctrl-C).",
      "Needs database.url and secrets.master. Make a secret with: openssl rand -base64 48",
      "Routes are read again when the settings file changes, and on SIGHUP."
    },
    mixinStandardHelpOptions = true,
    versionProvider = VersionCommand.class,
    sortOptions = false)
final class ServeCommand implements Callable<Integer> {
  private static final Logger LOG = LoggerFactory.getLogger(ServeCommand.class);

  @Mixin private final SettingsOptions settings = new SettingsOptions();

  @Override
  public Integer call() throws IOException {
    Reading reading = SettingsOptions.valid(settings.reading(Mode.SERVE, Map.of()));
    GatewayConfig config = reading.config();
    Reloading source =
        Reloading.from(
            settings.source(() -> settings.reading(Mode.SERVE, Map.of())), reading.settings());
    Shutdown.arm(Gateway.longestStop(config));
    Gateways.requireFreePorts(config);
    if (!config.database().embedded()) {
      run(config, source);
      return 0;
    }
    try (EmbeddedDatabase database = EmbeddedDatabase.start(config.dataDir())) {
      run(config.withDatabase(database.address()), source);
    }
    return 0;
  }

  private static void run(GatewayConfig config, Reloading source) throws IOException {
    try (RunningGateway gateway = Gateways.start(config, source)) {
      if (!gateway.isRunning()) {
        return; // asked to stop before it was ready
      }
      LOG.info("ready http={} ops={}", gateway.httpPort(), gateway.opsPort());
      Shutdown.awaitRequest();
    }
  }
}
