// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.cluster;

import static java.util.Objects.requireNonNull;

import dev.maglatch.cluster.ChangeFeed.Position;
import java.time.Duration;

/**
 * Whether this replica may believe its cache: a state machine without I/O, clocks or threads of its
 * own (rules 3 and 7).
 *
 * <p>Inputs are renewals sent, answered and failed, each with an instant of {@link
 * System#nanoTime()}; outputs are evictions. {@link #standing} may be asked from any thread; the
 * inputs come one at a time.
 */
public final class Lease {
  /*
   * The deadline counts from before the renewal was sent, so however late the answer is handled the
   * lease never lasts longer here than the database promises to others. It is compared with the
   * clock on every hit: a flag set by a timer would still stand after a pause.
   *
   * Changes are applied before the deadline moves, and both before anything is acknowledged.
   */
  private final long leaseNanos;
  private final Evictions evictions;
  private volatile long deadline;
  private volatile boolean joined;
  private volatile boolean lastRenewalFailed;
  private Position applied = Position.NONE;

  public Lease(Duration lease, Evictions evictions) {
    this.leaseNanos = lease.toNanos();
    this.evictions = requireNonNull(evictions, "evictions");
  }

  /** What the lease says about cached answers. */
  public enum Standing {
    HELD,
    /** It ran out, and no renewal has failed yet. */
    UNCERTAIN,
    /** It ran out, and the last renewal failed. */
    LOST
  }

  public Standing standing(long nanoTime) {
    if (joined && nanoTime - deadline < 0) {
      return Standing.HELD;
    }
    return lastRenewalFailed ? Standing.LOST : Standing.UNCERTAIN;
  }

  /** Returns nanoseconds since the last lease ended; negative while it is held. */
  public long nanosSinceEnd(long nanoTime) {
    return joined ? nanoTime - deadline : Long.MAX_VALUE;
  }

  /** Returns the newest change applied here; {@link Position#NONE} before the first answer. */
  public synchronized Position applied() {
    return applied;
  }

  /** Ends the lease, before it is given back. */
  void end() {
    joined = false;
  }

  /**
   * Takes the answer to a renewal: evicts what changed, then extends the lease.
   *
   * @param sentNanos when the renewal was sent
   * @return whether there is something to acknowledge
   */
  public synchronized boolean renewed(long sentNanos, Renewal renewal) {
    if (!renewal.primary()) {
      evictions.everythingChanged(); // rule 7
      lastRenewalFailed = true;
      return false;
    }
    Position before = applied;
    Position now = new Position(renewal.feed(), renewal.newest());
    boolean sameHistory = now.feed().equals(before.feed()) && now.number() >= before.number();
    if (sameHistory && !renewal.gap()) {
      renewal.changes().forEach(evictions::changed);
    } else {
      evictions.everythingChanged(); // rule 7
    }
    applied = now;
    deadline = sentNanos + leaseNanos; // rule 3
    joined = true;
    lastRenewalFailed = false;
    return !now.equals(before);
  }

  /** Takes the news that a renewal was not answered. */
  public void renewalFailed() {
    lastRenewalFailed = true;
  }
}
