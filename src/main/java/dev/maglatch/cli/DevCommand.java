// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.cli;

import dev.maglatch.Gateway;
import dev.maglatch.Gateway.Reloading;
import dev.maglatch.cli.FirstAccount.Shown;
import dev.maglatch.config.ConfigSource.Reading;
import dev.maglatch.config.GatewayConfig;
import dev.maglatch.config.Mode;
import dev.maglatch.postgres.EmbeddedDatabase;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.http.HttpServer;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code maglatch dev}. */
@Command(
    name = "dev",
    description = {
      "Runs a gateway to try things with, until it is asked to stop (Ctrl-C).",
      "What is not set is made: a PostgreSQL under data-dir (.maglatch), secrets, an upstream that"
          + " echoes, and on the first start an account and a key, which are shown once."
    },
    mixinStandardHelpOptions = true,
    versionProvider = VersionCommand.class,
    sortOptions = false)
final class DevCommand implements Callable<Integer> {
  private static final String DEMO = "proxy.upstream";

  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it before call()
  private CommandSpec spec;

  @Mixin private final SettingsOptions settings = new SettingsOptions();

  @Override
  public Integer call() throws IOException {
    GatewayConfig wanted = settings.read(Mode.DEV);
    Shutdown.arm(Gateway.longestStop(wanted));
    Gateways.requireFreePorts(wanted);
    try (Demo demo = new Demo()) {
      Map<String, String> made = missing(wanted, demo);
      Reading reading = SettingsOptions.valid(settings.reading(Mode.DEV, made));
      GatewayConfig config = reading.config();
      Reloading source = Reloading.from(settings.source(() -> again(made)), reading.settings());
      if (config.database().address() == null) {
        try (EmbeddedDatabase database = EmbeddedDatabase.start(config.dataDir())) {
          run(config.withDatabase(database.address()), source, demo, database);
        }
      } else {
        run(config, source, demo, null);
      }
    }
    return 0;
  }

  /** Makes what is not set, and returns it as defaults. */
  private static Map<String, String> missing(GatewayConfig wanted, Demo demo) throws IOException {
    Map<String, String> made = new HashMap<>();
    if (wanted.secrets().ring() == null) {
      made.put("secrets.master", DevSecrets.master(wanted.dataDir()).reveal());
    }
    if (wanted.proxy().routes().isEmpty()) {
      made.put(DEMO, demo.upstream());
    }
    return made;
  }

  /** The demo upstream gives way to routes that were set meanwhile. */
  private Reading again(Map<String, String> made) {
    Reading own = settings.reading(Mode.DEV, Map.of());
    Map<String, String> missing = new HashMap<>(made);
    if (!own.config().proxy().routes().isEmpty()) {
      missing.remove(DEMO);
    }
    return settings.reading(Mode.DEV, missing);
  }

  private void run(
      GatewayConfig config, Reloading source, Demo demo, @Nullable EmbeddedDatabase database)
      throws IOException {
    try (RunningGateway gateway = Gateways.start(config, source)) {
      if (!gateway.isRunning()) {
        return; // asked to stop before it was ready
      }
      Shown made =
          Gateways.await(FirstAccount.makeUnlessThere(demo.vertx, config), "the first account");
      PrintWriter out = spec.commandLine().getOut();
      out.println(new Banner(config, gateway).text(demo.used, database, made));
      out.flush();
      Shutdown.awaitRequest();
    }
  }

  /** The demo upstream, started when somebody needs it. */
  private static final class Demo implements AutoCloseable {
    private final Vertx vertx =
        Vertx.vertx(new VertxOptions().setEventLoopPoolSize(1).setWorkerPoolSize(2));
    private boolean used;

    String upstream() throws IOException {
      used = true;
      HttpServer server = Gateways.await(DemoUpstream.start(vertx), "the demo upstream");
      return "http://127.0.0.1:" + server.actualPort();
    }

    @Override
    public void close() throws IOException {
      Gateways.await(vertx.close(), "the demo upstream's end");
    }
  }
}
