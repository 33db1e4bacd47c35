// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.cluster;

import dev.maglatch.cluster.ChangeFeed.Member;
import io.vertx.core.AsyncResult;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps this replica's lease: renews it on a timer and on every notification, one renewal at a
 * time.
 *
 * <p>All state is touched on one loop; the public methods may be called from anywhere. The futures
 * they return complete on that loop.
 */
public final class Replica {
  private static final Logger log = LoggerFactory.getLogger(Replica.class);
  private static final Duration KEEP_CHANGES = Duration.ofMinutes(10);
  private static final int RENEWALS_BETWEEN_PRUNES = 60;
  private static final int SPREAD = 10;

  private final Loop loop;
  private final ChangeFeed feed;
  private final Lease lease;
  private final DatabaseClock clock;
  private final Member self;
  private final ClusterConfig config;
  private final LongSupplier nanoTime;
  private final ClusterMetrics metrics;

  private final Promise<Void> joined = Promise.promise();
  private final Promise<Void> left = Promise.promise();
  private Promise<Void> waiting = Promise.promise();
  private boolean wanted; // a renewal that is sent from now on; one that runs is not enough
  private boolean running;
  private boolean stopped;
  private boolean leaving;
  private Runnable cancelTimer = () -> {};
  private long begun;
  private long askedNanos; // when the question that runs was put
  private int renewals;
  private volatile int replicas = 1;

  public Replica(
      Loop loop,
      ChangeFeed feed,
      Lease lease,
      DatabaseClock clock,
      Member self,
      ClusterConfig config,
      LongSupplier nanoTime,
      ClusterMetrics metrics) {
    this.loop = loop;
    this.feed = feed;
    this.lease = lease;
    this.clock = clock;
    this.self = self;
    this.config = config;
    this.nanoTime = nanoTime;
    this.metrics = metrics;
  }

  /**
   * Starts renewing; the future completes with the first lease, however long that takes, and fails
   * when the replica is stopped before.
   */
  public Future<Void> start() {
    loop.run(this::want);
    return joined.future();
  }

  public Member self() {
    return self;
  }

  public Lease lease() {
    return lease;
  }

  /** Returns how many replicas held a lease at the last renewal; at least 1. */
  public int replicas() {
    return replicas;
  }

  /**
   * Returns a future that completes when a renewal sent after this call was answered, applied and
   * acknowledged; it fails if that failed, or when the replica is stopped.
   */
  public Future<Void> renewNow() {
    Promise<Void> done = Promise.promise();
    loop.run(
        () -> {
          waiting.future().onComplete(done);
          want();
        });
    return done.future();
  }

  /**
   * Stops renewing and gives the lease back. The servers must have closed before: from now on no
   * revoker waits for this replica (rule 6).
   */
  public Future<Void> stop() {
    loop.run(
        () -> {
          if (!stopped) {
            stopped = true;
            cancelTimer.run();
            leaveWhenIdle();
          }
        });
    return left.future();
  }

  private void want() {
    wanted = true;
    next();
  }

  private void next() {
    if (running) {
      return;
    }
    if (stopped) {
      leaveWhenIdle();
    } else if (wanted) {
      renew();
    } else {
      cancelTimer = loop.later(pauseMillis(), this::want);
    }
  }

  /** A renewal that runs would take the lease again after it was given back. */
  private void leaveWhenIdle() {
    if (!running && !leaving) {
      leaving = true;
      waiting.tryFail("stopped");
      joined.tryFail("stopped");
      lease.end();
      attempt(() -> feed.leave(self)).onComplete(left);
    }
  }

  private void renew() {
    cancelTimer.run();
    running = true;
    wanted = false;
    begun = nanoTime.getAsLong();
    askedNanos = begun;
    Promise<Void> answered = waiting;
    waiting = Promise.promise();
    attempt(() -> feed.listen(() -> loop.run(this::want))) // rule 6: first listen, then the lease
        .compose(listening -> send())
        .onComplete(outcome -> loop.run(() -> finished(outcome, answered)));
  }

  private Future<Void> send() {
    long sent = nanoTime.getAsLong();
    askedNanos = sent;
    return feed.renew(self, lease.applied(), config.lease(), config.maxChanges())
        .onComplete(answer -> metrics.renewed(nanoTime.getAsLong() - sent, answer.succeeded()))
        .compose(renewal -> renewed(sent, renewal));
  }

  private Future<Void> renewed(long sent, Renewal renewal) {
    boolean news = lease.renewed(sent, renewal);
    if (!renewal.primary()) {
      return Future.failedFuture("the database server is in recovery");
    }
    clock.learn(renewal.databaseTime(), sent, nanoTime.getAsLong());
    replicas = Math.max(1, renewal.replicas());
    if (!news) {
      return Future.succeededFuture();
    }
    metrics.applied(renewal.gap() ? -1 : renewal.changes().size());
    askedNanos = nanoTime.getAsLong();
    return feed.acknowledge(self, lease.applied().number()); // rule 4: after evicting
  }

  private void finished(AsyncResult<Void> outcome, Promise<Void> answered) {
    running = false;
    if (outcome.failed() && slept()) {
      wanted = true;
    } else if (outcome.failed()) {
      lease.renewalFailed();
    }
    if (++renewals % RENEWALS_BETWEEN_PRUNES == 0) {
      attempt(() -> feed.prune(KEEP_CHANGES))
          .onFailure(later -> log.debug("could not prune changes reason={}", later.toString()));
    }
    next();
    answered.complete(null, outcome.cause());
    if (outcome.succeeded()) {
      joined.tryComplete();
    }
  }

  /**
   * Whether this process, not the database, was silent: a failure that comes long after the
   * time-out is of a process that stood still. When it wakes, its timers may run before it reads
   * the answer that lies there. To call the database lost then would be to serve what was revoked
   * meanwhile (rule 7); without a lease, and not lost, every key is asked (rule 3).
   */
  private boolean slept() {
    long timeout = config.renewalTimeout().toNanos();
    return nanoTime.getAsLong() - askedNanos > timeout + timeout / 2;
  }

  /** Starts {@code work}; what it throws fails the future, so that no renewal runs for ever. */
  private static <T> Future<T> attempt(Supplier<Future<T>> work) {
    return Future.succeededFuture().compose(go -> work.get());
  }

  /**
   * From one beginning to the next, so that an attempt that had to time out is followed at once by
   * another: the database is found within one period of its return (rule 7). Replicas that started
   * together drift apart.
   */
  private long pauseMillis() {
    long period = config.renewal().toMillis();
    long spread = Math.floorMod(self.id().hashCode(), period / SPREAD + 1);
    return Math.max(
        1, period - spread - TimeUnit.NANOSECONDS.toMillis(nanoTime.getAsLong() - begun));
  }
}
