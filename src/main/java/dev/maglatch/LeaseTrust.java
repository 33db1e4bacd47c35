// SPDX-License-Identifier: Apache-2.0
package dev.maglatch;

import dev.maglatch.cluster.Lease;
import dev.maglatch.verify.CacheConfig;
import dev.maglatch.verify.CacheConfig.OnDatabaseLoss;
import dev.maglatch.verify.Trust;

/** Lets the cache ask the lease what it is worth (rules 3 and 7). */
final class LeaseTrust implements Trust {
  private final Lease lease;
  private final boolean serve;
  private final long maxStaleNanos;

  LeaseTrust(Lease lease, CacheConfig cache) {
    this.lease = lease;
    this.serve = cache.onDatabaseLoss() == OnDatabaseLoss.SERVE;
    this.maxStaleNanos = cache.maxStaleness().toNanos();
  }

  @Override
  public Level level(long nanoTime) {
    return switch (lease.standing(nanoTime)) {
      case HELD -> Level.TRUSTED;
      case UNCERTAIN -> Level.ASK;
      case LOST -> Level.LOST;
    };
  }

  @Override
  public boolean servesWithoutDatabase(long nanoTime, long wanted) {
    return serve && lease.nanosSinceEnd(nanoTime) < Math.min(maxStaleNanos, wanted);
  }
}
