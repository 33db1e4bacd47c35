// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.postgres;

import dev.maglatch.secret.Secret;
import io.vertx.pgclient.PgConnectOptions;
import org.jspecify.annotations.Nullable;

/**
 * Where the database is and who we are there.
 *
 * @param url {@code postgresql://host:port/name}, as libpq and Vert.x read it, without credentials
 * @param user null leaves it to the URL's query or the operating system's user
 */
public record DatabaseAddress(String url, @Nullable String user, @Nullable Secret password) {

  /**
   * Reads {@code postgresql://}, {@code postgres://} and {@code jdbc:postgresql://} URLs, with
   * credentials before the host or in the query. Throws {@link IllegalArgumentException} for
   * others, and where {@code sslrootcert} names no readable file; its text repeats no password.
   */
  public static DatabaseAddress parse(
      String text, @Nullable String user, @Nullable Secret password) {
    String url = text.startsWith("jdbc:") ? text.substring("jdbc:".length()) : text;
    PgConnectOptions options;
    try {
      options = PgConnectOptions.fromUri(url);
    } catch (RuntimeException refused) {
      throw new IllegalArgumentException(
          "not a PostgreSQL URL (expected: postgresql://user@host:5432/name)");
    }
    if (!DatabaseTls.isComplete(url)) {
      throw new IllegalArgumentException("no readable file (expected: sslrootcert=FILE)");
    }
    String parsedUser = user != null ? user : options.getUser();
    Secret parsedPassword =
        password != null
            ? password
            : options.getPassword() == null ? null : new Secret(options.getPassword());
    return new DatabaseAddress(bare(url), parsedUser, parsedPassword);
  }

  /** Returns what the Vert.x client needs to connect. */
  public PgConnectOptions connectOptions() {
    PgConnectOptions options =
        PgConnectOptions.fromUri(url)
            .setPreparedStatementCacheSqlLimit(Integer.MAX_VALUE); // ours are few, some are long
    if (user != null) {
      options.setUser(user);
    }
    if (password != null) {
      options.setPassword(password.reveal());
    }
    DatabaseTls.complete(url, options);
    return options;
  }

  /** Returns the URL that pgjdbc understands, without credentials. */
  public String jdbcUrl() {
    return "jdbc:" + DatabaseTls.forJdbc(url.replaceFirst("^postgres:", "postgresql:"));
  }

  /** Drops {@code user:password@}, so that the URL may be shown. */
  private static String bare(String url) {
    return url.replaceFirst("^([a-z]+://)[^/?#]*@", "$1")
        .replaceAll("(?<=[?&])(user|password)=[^&]*&?", "")
        .replaceFirst("[?&]$", "");
  }
}
