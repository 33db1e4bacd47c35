// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.manage;

import io.vertx.core.Future;
import java.util.UUID;

/** Waits until a committed change counts on every replica. */
@FunctionalInterface
public interface RevocationBarrier {
  /** For one replica without a cache: a committed change counts at once. */
  RevocationBarrier IMMEDIATE = entityId -> Future.succeededFuture(new Confirmation(1, 1, 0, 0));

  /**
   * Completes when every replica has applied the last committed change of {@code entityId}, or has
   * lost its lease. To be called after the commit of a change that takes rights away, and also when
   * somebody else's was found to have done it.
   *
   * @param entityId id of a key, an account, a service account, an organization or a session
   * @return fails with a {@link dev.maglatch.fault.Fault} when that cannot be told in time
   */
  Future<Confirmation> afterChange(UUID entityId);
}
