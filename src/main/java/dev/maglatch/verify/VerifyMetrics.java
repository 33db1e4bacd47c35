// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.verify;

/**
 * Counts what the cache did. Lookups = hits + misses; a miss is a load, a share of somebody's load,
 * or a refusal by the check bytes.
 */
public interface VerifyMetrics {
  VerifyMetrics NONE = new VerifyMetrics() {};

  /** A verdict came from memory. */
  default void hit() {}

  /** Nothing usable was in memory. */
  default void miss() {}

  /** The check bytes were wrong: refused without a query. */
  default void forged() {}

  /** One query was answered (or failed) after {@code nanos} nanoseconds. */
  default void loaded(long nanos, boolean answered) {}

  /** A key verified before the database was lost was served without it. */
  default void servedStale() {}
}
