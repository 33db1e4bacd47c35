// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.verify;

import dev.maglatch.settings.Section;
import java.time.Duration;

/**
 * How much is remembered about keys, and for how long.
 *
 * @param maxEntries keys remembered; the least used go first
 * @param ttl age at which a key is read again at the latest, though nothing is known to have
 *     changed; one in use is read again before
 * @param negativeTtl how long "no such key" is remembered
 * @param onDatabaseLoss what happens to keys verified before while the database is lost
 * @param maxStaleness how long they are served then, counted from the last lease
 */
public record CacheConfig(
    int maxEntries,
    Duration ttl,
    Duration negativeTtl,
    OnDatabaseLoss onDatabaseLoss,
    Duration maxStaleness) {

  public static final CacheConfig DEFAULT =
      new CacheConfig(
          100_000,
          Duration.ofMinutes(5),
          Duration.ofSeconds(30),
          OnDatabaseLoss.SERVE,
          Duration.ofMinutes(10));

  /** Reads {@code cache.*}. */
  public static CacheConfig read(Section cache) {
    return new CacheConfig(
        cache.integer("max-entries", DEFAULT.maxEntries, 1, 100_000_000),
        cache.duration("ttl", DEFAULT.ttl),
        cache.duration("negative-ttl", DEFAULT.negativeTtl),
        cache.choice("on-database-loss", DEFAULT.onDatabaseLoss),
        cache.duration("max-staleness", DEFAULT.maxStaleness));
  }

  /** What to do with keys that were verified before the database was lost. */
  public enum OnDatabaseLoss {
    /** Serve them, for at most {@code cache.max-staleness}. */
    SERVE,
    /** Answer 503. */
    REFUSE
  }
}
