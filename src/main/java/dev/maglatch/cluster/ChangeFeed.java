// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.cluster;

import io.vertx.core.Future;
import java.time.Duration;
import java.util.List;
import java.util.UUID;

/**
 * The change feed and the leases, as the database keeps them.
 *
 * <p>Every future fails, and never hangs, when the database does not answer in time.
 */
public interface ChangeFeed {
  /**
   * Connects and listens; {@code onNotification} then runs on every notification. Does nothing
   * while that connection lives. Must have succeeded before a lease is taken (rule 6).
   */
  Future<Void> listen(Runnable onNotification);

  /**
   * Extends this replica's lease and returns what changed after {@code applied}, in this order,
   * over the connection that listens: an answer also proves that notifications can arrive.
   *
   * @param applied the newest change applied here; negative on joining, which asks for none
   * @param maxChanges beyond this many a gap is reported instead
   */
  Future<Renewal> renew(Member member, long applied, Duration lease, int maxChanges);

  /** Records that {@code member} has applied everything up to {@code applied}. */
  Future<Void> acknowledge(Member member, long applied);

  /** Gives the lease back. */
  Future<Void> leave(Member member);

  /** Returns the number of the newest change of any of these entities; 0 if none is kept. */
  Future<Long> newestChangeOf(List<UUID> entities);

  /**
   * Returns who may hold a lease, after waiting for renewals that are being written right now.
   *
   * @param grace how long after its end a lease still counts, for one lost in a crash
   */
  Future<List<Acknowledged>> holders(Duration grace);

  /** Removes change records that no replica needs any more. */
  Future<Void> prune(Duration keep);

  /** This process. */
  record Member(UUID id, String name) {}

  /** How far one replica is, and whether its lease still runs. */
  record Acknowledged(UUID replica, long applied, boolean leaseRuns) {}
}
