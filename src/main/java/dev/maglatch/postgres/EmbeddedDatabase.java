// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.postgres;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;

/**
 * A real PostgreSQL started from its embedded binaries, with its data kept in a folder.
 *
 * <p>Blocks while it starts and stops: call it from a thread of your own. Durable: fsync is on.
 */
public final class EmbeddedDatabase implements AutoCloseable {
  private static final Duration START_WAIT = Duration.ofSeconds(30);

  private final EmbeddedPostgres server;

  private EmbeddedDatabase(EmbeddedPostgres server) {
    this.server = server;
  }

  /**
   * Starts a server over {@code dataDirectory} on a free port, creating the folder if it is new.
   */
  public static EmbeddedDatabase start(Path dataDirectory) throws IOException {
    return new EmbeddedDatabase(
        EmbeddedPostgres.builder()
            .setDataDirectory(dataDirectory)
            .setCleanDataDirectory(false)
            .setServerConfig("fsync", "on")
            .setServerConfig("synchronous_commit", "on")
            .setServerConfig("full_page_writes", "on")
            .setPGStartupWait(START_WAIT)
            .start());
  }

  public DatabaseAddress address() {
    return DatabaseAddress.parse(
        "postgresql://postgres:postgres@localhost:" + server.getPort() + "/postgres", null, null);
  }

  @Override
  public void close() throws IOException {
    server.close();
  }
}
