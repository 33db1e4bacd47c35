// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.verify;

/** A trust that never changes, where a test or a measurement cares for something else. */
public record FixedTrust(Level level, boolean withoutDatabase) implements Trust {
  /** A lease that never ends. */
  public static final Trust LEASED = new FixedTrust(Level.TRUSTED, false);

  @Override
  public Level level(long nanoTime) {
    return level;
  }

  @Override
  public boolean servesWithoutDatabase(long nanoTime, long maxStaleNanos) {
    return withoutDatabase;
  }
}
