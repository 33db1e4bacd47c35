// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.cli;

import dev.maglatch.Maintenance;
import dev.maglatch.Management;
import dev.maglatch.config.GatewayConfig;
import dev.maglatch.config.Mode;
import dev.maglatch.postgres.DatabaseAddress;
import dev.maglatch.postgres.EmbeddedDatabase;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;

/**
 * The settings of a command that works on a gateway's database, whether that gateway runs or not,
 * and the way there. Blocks.
 */
final class DatabaseWork {
  private static final long PATIENCE_MINUTES = 60;

  @Mixin private final SettingsOptions settings = new SettingsOptions();

  /** Opens the database, does {@code work}, and closes what was opened. */
  <T> T run(Function<Management, Future<T>> work) throws IOException {
    return run((management, config) -> work.apply(management));
  }

  /** As {@link #run(Function)}, for work that needs the settings too. */
  <T> T run(BiFunction<Management, GatewayConfig, Future<T>> work) throws IOException {
    GatewayConfig config = config();
    if (config.database().address() != null) {
      return run(config, work);
    }
    try (EmbeddedDatabase database = EmbeddedDatabase.start(config.dataDir())) {
      return run(config.withDatabase(database.address()), work);
    }
  }

  /** Takes what is not set from {@code data-dir}: a server that runs, and the secrets of dev. */
  private GatewayConfig config() throws IOException {
    GatewayConfig wanted = settings.read(Mode.DEV); // asks for nothing
    DatabaseAddress named = wanted.database().address();
    DatabaseAddress local = RunningDatabase.of(wanted);
    Map<String, String> found = new LinkedHashMap<>();
    if (local != null && named == null && !wanted.database().embedded()) {
      found.put("database.url", local.url()); // stands for it: see below
    }
    boolean ours = named == null || named.equals(local); // and so made with the secrets beside it
    if (ours && lacksSecrets(wanted)) {
      found.putAll(DevSecrets.kept(wanted.dataDir()));
    }
    return at(named == null ? local : null, settings.readWithSecrets(Mode.MAINTENANCE, found));
  }

  private static boolean lacksSecrets(GatewayConfig config) {
    return config.secrets().ring() == null;
  }

  private static GatewayConfig at(@Nullable DatabaseAddress local, GatewayConfig config) {
    return local == null ? config : config.withDatabase(local);
  }

  private static <T> T run(
      GatewayConfig config, BiFunction<Management, GatewayConfig, Future<T>> work)
      throws IOException {
    Vertx vertx = Vertx.vertx(new VertxOptions().setEventLoopPoolSize(1).setWorkerPoolSize(1));
    try {
      Management management = Gateways.await(Maintenance.open(vertx, config), "the database");
      return await(work.apply(management, config).eventually(management::close));
    } finally {
      Gateways.await(vertx.close(), "the end");
    }
  }

  private static <T> T await(Future<T> future) throws IOException {
    try {
      return future.await(PATIENCE_MINUTES, TimeUnit.MINUTES);
    } catch (TimeoutException late) {
      throw new IOException("the database did not get done in an hour", late);
    }
  }
}
