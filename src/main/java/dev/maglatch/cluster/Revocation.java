// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.cluster;

import dev.maglatch.cluster.ChangeFeed.Acknowledged;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;

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
   */
  private static final int MARGIN_DIVISOR = 10;
  private static final long FIRST_PAUSE_MILLIS = 1;
  private static final long LONGEST_PAUSE_MILLIS = 25;

  private final Vertx vertx;
  private final ChangeFeed feed;
  private final Replica self;
  private final Duration lease;
  private final LongSupplier nanoTime;
  private final ClusterMetrics metrics;

  public Revocation(
      Vertx vertx,
      ChangeFeed feed,
      Replica self,
      Duration lease,
      LongSupplier nanoTime,
      ClusterMetrics metrics) {
    this.vertx = vertx;
    this.feed = feed;
    this.self = self;
    this.lease = lease;
    this.nanoTime = nanoTime;
    this.metrics = metrics;
  }

  /**
   * What a revoker may tell.
   *
   * @param acknowledged replicas that applied the change
   * @param replicas replicas that held a lease, this one included
   * @param expired replicas whose lease ended instead
   */
  public record Confirmation(int acknowledged, int replicas, int expired, long millis) {}

  /**
   * Returns how the newest change of {@code entities} was confirmed. Call it when the change is
   * committed; it takes at most the lease time and a tenth.
   */
  public Future<Confirmation> confirm(List<UUID> entities) {
    long committed = nanoTime.getAsLong();
    long deadline = committed + lease.plus(lease.dividedBy(MARGIN_DIVISOR)).toNanos();
    self.renewNow(); // our own cache first, without waiting for the notification
    return feed.newestChangeOf(entities)
        .compose(number -> feed.holders(lease).compose(all -> wait(all, number, deadline)))
        .recover(unknown -> waitOut(deadline))
        .map(outcome -> outcome.confirmation(nanoTime.getAsLong() - committed))
        .onSuccess(this::count);
  }

  private Future<Outcome> wait(List<Acknowledged> holders, long number, long deadline) {
    return poll(Outcome.of(holders, number), number, deadline, FIRST_PAUSE_MILLIS);
  }

  private Future<Outcome> poll(Outcome outcome, long number, long deadline, long pauseMillis) {
    if (outcome.settled() || nanoTime.getAsLong() - deadline >= 0) {
      return Future.succeededFuture(outcome);
    }
    long next = Math.min(LONGEST_PAUSE_MILLIS, pauseMillis * 2);
    return vertx
        .timer(pauseMillis)
        .mapEmpty()
        .compose(slept -> feed.holders(lease))
        .map(now -> outcome.updated(now, number))
        .otherwise(outcome) // the database does not answer: go on until the leases have ended
        .compose(seen -> poll(seen, number, deadline, next));
  }

  private Future<Outcome> waitOut(long deadline) {
    long millis = Math.max(1, (deadline - nanoTime.getAsLong()) / 1_000_000 + 1);
    return vertx.timer(millis).map(slept -> new Outcome(Map.of()));
  }

  private void count(Confirmation confirmation) {
    metrics.confirmed(
        Duration.ofMillis(confirmation.millis()).toNanos(),
        confirmation.acknowledged(),
        confirmation.replicas(),
        confirmation.expired());
  }

  /** Which of the replicas that held a lease at the beginning have applied the change. */
  private record Outcome(Map<UUID, Boolean> acknowledged) {
    static Outcome of(List<Acknowledged> holders, long number) {
      return new Outcome(
          holders.stream()
              .collect(
                  Collectors.toMap(Acknowledged::replica, holder -> holder.applied() >= number)));
    }

    /** A replica that has joined since has read nothing before the change: it does not count. */
    Outcome updated(List<Acknowledged> now, long number) {
      Map<UUID, Acknowledged> byReplica =
          now.stream().collect(Collectors.toMap(Acknowledged::replica, Function.identity()));
      return new Outcome(
          acknowledged.entrySet().stream()
              .collect(
                  Collectors.toMap(
                      Map.Entry::getKey,
                      entry -> entry.getValue() || applied(byReplica, entry.getKey(), number))));
    }

    private static boolean applied(Map<UUID, Acknowledged> now, UUID replica, long number) {
      Acknowledged holder = now.get(replica);
      return holder != null && holder.applied() >= number;
    }

    boolean settled() {
      return !acknowledged.containsValue(false);
    }

    Confirmation confirmation(long nanos) {
      int confirmed = (int) acknowledged.values().stream().filter(done -> done).count();
      int replicas = acknowledged.size();
      return new Confirmation(confirmed, replicas, replicas - confirmed, nanos / 1_000_000);
    }
  }
}
