// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.cluster;

import dev.maglatch.cluster.ChangeFeed.Acknowledged;
import dev.maglatch.cluster.ChangeFeed.Holders;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * Waits until a committed change is true everywhere (rule 4): every replica has applied it, or can
 * no longer hold the lease it had when the change was committed.
 *
 * <p>Never fails: when nothing can be learned from the database, it waits the leases out.
 */
public final class Revocation {
  /*
   * Why waiting is enough: a renewal sent after the commit returns the change before it extends the
   * lease, and one sent before it ends at most one lease after the commit. The margin covers clocks
   * that run at different speeds.
   *
   * Why it is enough to wait for those who may hold a lease when we look first: whoever joins later
   * drops what it has, and reads what it reads after the commit.
   */
  private static final int MARGIN_DIVISOR = 10;
  private static final long FIRST_PAUSE_MILLIS = 1;
  private static final long LONGEST_PAUSE_MILLIS = 25;

  /** How much of what was committed asynchronously a crash can lose, with much to spare. */
  private static final Duration FORGOTTEN_IN_A_CRASH = Duration.ofSeconds(1);

  private final Loop loop;
  private final ChangeFeed feed;
  private final Runnable refreshHere;
  private final Duration lease;
  private final LongSupplier nanoTime;
  private final ClusterMetrics metrics;

  /**
   * @param refreshHere makes this process apply the newest changes at once, if it caches anything
   */
  public Revocation(
      Loop loop,
      ChangeFeed feed,
      Runnable refreshHere,
      Duration lease,
      LongSupplier nanoTime,
      ClusterMetrics metrics) {
    this.loop = loop;
    this.feed = feed;
    this.refreshHere = refreshHere;
    this.lease = lease;
    this.nanoTime = nanoTime;
    this.metrics = metrics;
  }

  /**
   * What a revoker may tell.
   *
   * @param acknowledged replicas that applied the change
   * @param replicas replicas that could hold a lease, this one included
   * @param expired replicas whose lease ended instead
   */
  public record Confirmation(int acknowledged, int replicas, int expired, long millis) {}

  /**
   * Returns how the newest change of {@code entities}, or of everything, was confirmed. Call it
   * when the change is committed; it takes at most the lease time and a tenth, and one database
   * timeout.
   */
  public Future<Confirmation> confirm(List<UUID> entities) {
    long committed = nanoTime.getAsLong();
    long deadline = committed + lease.plus(lease.dividedBy(MARGIN_DIVISOR)).toNanos();
    refreshHere.run(); // our own cache first, without waiting for the notification
    return look(entities, deadline)
        .map(outcome -> outcome.confirmation(nanoTime.getAsLong() - committed))
        .onSuccess(this::count);
  }

  /** Looks who holds a lease, again and again if the database does not answer. */
  private Future<Outcome> look(List<UUID> entities, long deadline) {
    return feed.newestChangeOf(entities)
        .compose(number -> holders().map(all -> Outcome.first(all, number)))
        .recover(unknown -> pause(LONGEST_PAUSE_MILLIS).map(Outcome.NOTHING_LEARNED))
        .compose(
            seen ->
                seen.equals(Outcome.NOTHING_LEARNED) && !over(deadline)
                    ? look(entities, deadline)
                    : poll(seen, deadline, FIRST_PAUSE_MILLIS));
  }

  private Future<Outcome> poll(Outcome outcome, long deadline, long pauseMillis) {
    if (outcome.settled() || over(deadline)) {
      return Future.succeededFuture(outcome);
    }
    return pause(pauseMillis)
        .compose(slept -> holders())
        .map(outcome::updated)
        .otherwise(outcome) // the database does not answer: go on until the leases have ended
        .compose(seen -> poll(seen, deadline, Math.min(LONGEST_PAUSE_MILLIS, pauseMillis * 2)));
  }

  private Future<Holders> holders() {
    return feed.holders(lease.plus(FORGOTTEN_IN_A_CRASH));
  }

  private boolean over(long deadline) {
    return nanoTime.getAsLong() - deadline >= 0;
  }

  private Future<Void> pause(long millis) {
    Promise<Void> over = Promise.promise();
    loop.later(millis, over::complete);
    return over.future();
  }

  private void count(Confirmation confirmation) {
    metrics.confirmed(
        TimeUnit.MILLISECONDS.toNanos(confirmation.millis()),
        confirmation.acknowledged(),
        confirmation.replicas(),
        confirmation.expired());
  }

  /**
   * What is known about one change.
   *
   * @param complete false once leases may run that nobody here knows of: wait them out
   * @param applied whether each replica that could hold a lease at first has applied the change
   */
  private record Outcome(long number, boolean complete, Map<UUID, Boolean> applied) {
    static final Outcome NOTHING_LEARNED = new Outcome(0, false, Map.of());

    static Outcome first(Holders all, long number) {
      Map<UUID, Boolean> applied = new TreeMap<>();
      for (Acknowledged holder : all.replicas()) {
        if (holder.mayHold()) {
          applied.put(holder.replica(), holder.applied() >= number);
        }
      }
      return new Outcome(number, all.complete(), applied);
    }

    /** A replica that is not listed any more has closed its servers and left. */
    Outcome updated(Holders all) {
      Map<UUID, Boolean> now = new TreeMap<>();
      for (Acknowledged holder : all.replicas()) {
        Boolean before = applied.get(holder.replica());
        if (before != null) {
          now.put(holder.replica(), before || holder.applied() >= number);
        }
      }
      return new Outcome(number, complete && all.complete(), now);
    }

    boolean settled() {
      return complete && !applied.containsValue(false);
    }

    Confirmation confirmation(long nanos) {
      int confirmed = (int) applied.values().stream().filter(done -> done).count();
      int replicas = applied.size();
      return new Confirmation(
          confirmed, replicas, replicas - confirmed, TimeUnit.NANOSECONDS.toMillis(nanos));
    }
  }
}
