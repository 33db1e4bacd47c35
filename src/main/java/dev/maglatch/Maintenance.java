// SPDX-License-Identifier: Apache-2.0
package dev.maglatch;

import dev.maglatch.config.GatewayConfig;
import dev.maglatch.fault.StartFailure;
import dev.maglatch.postgres.DatabaseAddress;
import dev.maglatch.postgres.DatabaseConfig;
import dev.maglatch.postgres.Migrations;
import dev.maglatch.postgres.SchemaVersion;
import dev.maglatch.postgres.SecretFingerprints;
import io.vertx.core.Future;
import io.vertx.core.Vertx;

/** Opens a database for the command line, as carefully as a gateway does. */
public final class Maintenance {
  private Maintenance() {}

  /**
   * Returns the use cases, to be closed by the caller. Migrates a schema that is behind, as a start
   * of the gateway would. Fails with a {@link StartFailure} when the database cannot be reached or
   * was made with other secrets.
   */
  public static Future<Management> open(Vertx vertx, GatewayConfig config) {
    DatabaseConfig database = config.database();
    DatabaseAddress address = database.requireAddress();
    return SchemaVersion.read(vertx, address.connectOptions(), database.connectTimeout())
        .recover(failure -> Future.failedFuture(unreachable(address, failure)))
        .compose(
            applied ->
                applied < SchemaVersion.LATEST
                    ? vertx.executeBlocking(
                        () -> Migrations.apply(database.requireMigrationAddress()))
                    : Future.succeededFuture(0))
        .compose(steps -> withKnownSecrets(Management.open(vertx, config), config));
  }

  private static Future<Management> withKnownSecrets(Management management, GatewayConfig config) {
    return new SecretFingerprints(management.database().pool())
        .check(config.secrets().require())
        .map(management)
        .recover(failure -> management.close().transform(closed -> Future.failedFuture(failure)));
  }

  private static StartFailure unreachable(DatabaseAddress address, Throwable cause) {
    return new StartFailure(
        "cannot use the database at "
            + address.url()
            + " ("
            + cause.getMessage()
            + "); check database.url, and that the server runs",
        cause);
  }
}
