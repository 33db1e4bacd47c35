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
   * Extends this replica's lease, then returns what changed after {@code applied}, over the
   * connection that listens: an answer also proves that notifications can arrive (rule 3).
   *
   * <p>A change that is committed is returned, or its revoker finds the extended lease. A replica
   * that the database does not know is told of a gap: a revoker may have overlooked it.
   *
   * @param maxChanges beyond this many a gap is reported instead
   */
  Future<Renewal> renew(Member member, Position applied, Duration lease, int maxChanges);

  /** Records that {@code member} has applied everything up to {@code applied}. */
  Future<Void> acknowledge(Member member, long applied);

  /** Gives the lease back. */
  Future<Void> leave(Member member);

  /**
   * Returns the number of the newest change of any of these entities or of everything; 0 if none is
   * kept.
   */
  Future<Long> newestChangeOf(List<UUID> entities);

  /**
   * Returns who is known, after waiting for renewals that are being written right now (rule 4).
   *
   * @param grace how long after its end a lease still counts, for one lost in a crash
   */
  Future<Holders> holders(Duration grace);

  /** Removes change records that no replica needs any more. */
  Future<Void> prune(Duration keep);

  /** This process. */
  record Member(UUID id, String name) {}

  /**
   * A place in a feed. Numbers of different feeds say nothing about each other.
   *
   * @param number the newest change applied; negative: none
   */
  record Position(String feed, long number) {
    public static final Position NONE = new Position("", -1);
  }

  /**
   * The replicas.
   *
   * @param complete false while leases may run that another server gave: this one has been the
   *     primary for too short a time
   */
  record Holders(boolean complete, List<Acknowledged> replicas) {
    public Holders {
      replicas = List.copyOf(replicas);
    }
  }

  /**
   * How far one replica is.
   *
   * @param mayHold whether its lease runs, or ended so lately that it counts
   */
  record Acknowledged(UUID replica, long applied, boolean mayHold) {}
}
