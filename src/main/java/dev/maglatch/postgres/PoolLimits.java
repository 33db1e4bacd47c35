// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.postgres;

import java.time.Duration;

/**
 * How much of the database the management plane may take, and for how long.
 *
 * @param maxConnections connections of the pool; 256 more statements may wait for one
 * @param connectTimeout longest wait for a connection, new or from the pool
 * @param statementTimeout longest run of one statement, enforced by the server
 * @param lockTimeout longest wait for one lock, enforced by the server
 */
public record PoolLimits(
    int maxConnections, Duration connectTimeout, Duration statementTimeout, Duration lockTimeout) {
  static final int MAX_WAITING = 256;

  public static final PoolLimits DEFAULT =
      new PoolLimits(8, Duration.ofSeconds(3), Duration.ofSeconds(5), Duration.ofSeconds(2));

  /** Returns the limits that are set; those of statements and locks are always the default. */
  public static PoolLimits of(DatabaseConfig config) {
    return new PoolLimits(
        config.poolSize(), config.connectTimeout(), DEFAULT.statementTimeout, DEFAULT.lockTimeout);
  }

  /** Returns these limits for another number of connections. */
  public PoolLimits ofConnections(int max) {
    return new PoolLimits(max, connectTimeout, statementTimeout, lockTimeout);
  }

  /** Returns the longest time one piece of work may take before its caller is told 503. */
  Duration answerTimeout() {
    return connectTimeout.plus(statementTimeout).plus(lockTimeout);
  }
}
