// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.postgres;

import dev.maglatch.secret.Secret;
import dev.maglatch.settings.Section;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Which database, and how long it may take.
 *
 * @param address null if none is set, or as long as the embedded one has not been started
 * @param migrationAddress where a stronger role may change the schema; null takes {@code address}
 * @param embedded whether a server of our own is started under {@code data-dir}
 * @param poolSize connections for everything but the lookup of keys
 * @param connectTimeout longest wait for a connection
 * @param lookupTimeout longest wait for the answer about one key; then it is 503
 */
public record DatabaseConfig(
    @Nullable DatabaseAddress address,
    @Nullable DatabaseAddress migrationAddress,
    boolean embedded,
    int poolSize,
    Duration connectTimeout,
    Duration lookupTimeout) {
  private static final String URL = "postgresql://user:password@host:5432/name";
  private static final Duration SHORTEST = Duration.ofMillis(50);
  private static final Duration LONGEST = Duration.ofSeconds(60);

  /** Reads {@code database.*}. */
  public static DatabaseConfig read(Section database) {
    boolean embedded = database.flag("embedded", false);
    if (embedded && (database.secret("url") != null)) {
      database.problem("url", "not set, since database.embedded is true");
    }
    return new DatabaseConfig(
        address(database, "url", database.text("user"), database.secret("password")),
        address(database, "migration-url", null, null),
        embedded,
        database.integer("pool-size", 8, 2, 100),
        database.duration("connect-timeout", Duration.ofSeconds(3), SHORTEST, LONGEST),
        database.duration("lookup-timeout", Duration.ofSeconds(2), SHORTEST, LONGEST));
  }

  /** Returns the same with the address of a server that has been started. */
  public DatabaseConfig at(DatabaseAddress started) {
    return new DatabaseConfig(
        started, migrationAddress, embedded, poolSize, connectTimeout, lookupTimeout);
  }

  /** Returns the address. Throws {@link IllegalStateException} if none is set. */
  public DatabaseAddress requireAddress() {
    if (address == null) {
      throw new IllegalStateException("database.url is checked before it is used");
    }
    return address;
  }

  /** Returns where the schema is changed. Throws as {@link #requireAddress} does. */
  public DatabaseAddress requireMigrationAddress() {
    return migrationAddress == null ? requireAddress() : migrationAddress;
  }

  private static @Nullable DatabaseAddress address(
      Section database, String key, @Nullable String user, @Nullable Secret password) {
    Secret url = database.secret(key);
    if (url == null) {
      return null;
    }
    try {
      return DatabaseAddress.parse(url.reveal(), user, password);
    } catch (IllegalArgumentException refused) {
      boolean tls = url.reveal().contains("sslrootcert=");
      database.problem(key, tls ? URL + ", and a readable file as sslrootcert" : URL);
      return null;
    }
  }
}
