// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.cli;

import dev.maglatch.config.GatewayConfig;
import dev.maglatch.config.Mode;
import dev.maglatch.postgres.EmbeddedDatabase;
import java.io.IOException;
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
      "Needs database.url and secrets.master. Make a secret with: openssl rand -base64 48"
    },
    mixinStandardHelpOptions = true,
    versionProvider = VersionCommand.class,
    sortOptions = false)
final class ServeCommand implements Callable<Integer> {
  private static final Logger LOG = LoggerFactory.getLogger(ServeCommand.class);

  @Mixin private final SettingsOptions settings = new SettingsOptions();

  @Override
  public Integer call() throws IOException {
    GatewayConfig config = settings.read(Mode.SERVE);
    Shutdown.arm();
    Gateways.requireFreePorts(config);
    if (!config.database().embedded()) {
      run(config);
      return 0;
    }
    try (EmbeddedDatabase database = EmbeddedDatabase.start(config.dataDir())) {
      run(config.withDatabase(database.address()));
    }
    return 0;
  }

  private static void run(GatewayConfig config) throws IOException {
    try (RunningGateway gateway = Gateways.start(config)) {
      if (!gateway.isRunning()) {
        return; // asked to stop before it was ready
      }
      LOG.info("ready http={} ops={}", gateway.httpPort(), gateway.opsPort());
      Shutdown.awaitRequest();
    }
  }
}
