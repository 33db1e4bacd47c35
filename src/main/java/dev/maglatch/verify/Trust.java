// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.verify;

/**
 * What a cached answer is worth at this instant (rules 3 and 7 of src/docs/architecture.md).
 *
 * <p>Asked on every hit; must not block or allocate. Safe on any thread. Instants are those of
 * {@link System#nanoTime()}.
 */
public interface Trust {
  /** Returns how far a cached answer may be believed. */
  Level level(long nanoTime);

  /**
   * Whether a key verified before may still be served when the database cannot be asked: by
   * configuration, and while the last lease is not too long ago.
   *
   * @param maxStaleNanos how long ago at most, if not less is configured
   */
  boolean servesWithoutDatabase(long nanoTime, long maxStaleNanos);

  /** How far a cached answer may be believed. */
  enum Level {
    /** The lease is held: every change is known here before it is acknowledged. */
    TRUSTED,
    /** The lease ran out and nothing is known about the database: ask it. */
    ASK,
    /** The database is lost: asking would only wait. */
    LOST
  }
}
