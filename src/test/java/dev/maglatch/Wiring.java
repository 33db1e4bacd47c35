// SPDX-License-Identifier: Apache-2.0
package dev.maglatch;

import dev.maglatch.cluster.Evictions;
import dev.maglatch.cluster.Lease;
import dev.maglatch.verify.CacheConfig;
import dev.maglatch.verify.ChangeClock;
import dev.maglatch.verify.Trust;

/** Hands the composition root's own adapters to tests of other packages. */
public final class Wiring {
  private Wiring() {}

  public static Evictions evictions(ChangeClock changes) {
    return new ClockEvictions(changes);
  }

  public static Trust trust(Lease lease, CacheConfig cache) {
    return new LeaseTrust(lease, cache);
  }
}
