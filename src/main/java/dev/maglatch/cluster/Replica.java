// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.cluster;

import dev.maglatch.cluster.ChangeFeed.Member;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps this replica's lease: renews it on a timer and on every notification, one renewal at a
 * time.
 *
 * <p>All state is touched on one context of its own; {@link #renewNow} may be called from anywhere.
 */
public final class Replica {
  private static final Logger log = LoggerFactory.getLogger(Replica.class);
  private static final Duration KEEP_CHANGES = Duration.ofMinutes(10);
  private static final int RENEWALS_BETWEEN_PRUNES = 60;

  private final Vertx vertx;
  private final Context context;
  private final ChangeFeed feed;
  private final Lease lease;
  private final DatabaseClock clock;
  private final Member self;
  private final ClusterConfig config;
  private final LongSupplier nanoTime;
  private final ClusterMetrics metrics;

  private final Promise<Void> joined = Promise.promise();
  private Promise<Void> waiting = Promise.promise();
  private boolean someoneWaits;
  private boolean running;
  private boolean stopped;
  private long timer = -1;
  private int renewals;
  private volatile int replicas = 1;

  public Replica(
      Vertx vertx,
      ChangeFeed feed,
      Lease lease,
      DatabaseClock clock,
      Member self,
      ClusterConfig config,
      LongSupplier nanoTime,
      ClusterMetrics metrics) {
    this.vertx = vertx;
    this.context = vertx.getOrCreateContext();
    this.feed = feed;
    this.lease = lease;
    this.clock = clock;
    this.self = self;
    this.config = config;
    this.nanoTime = nanoTime;
    this.metrics = metrics;
  }

  /** Starts renewing; the future completes with the first lease, however long that takes. */
  public Future<Void> start() {
    context.runOnContext(go -> renew());
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
   * Returns a future that completes when a renewal sent after this call was answered and applied;
   * it fails if that renewal failed.
   */
  public Future<Void> renewNow() {
    Promise<Void> done = Promise.promise();
    context.runOnContext(
        go -> {
          someoneWaits = true;
          waiting.future().onComplete(done);
          if (!running) {
            renew();
          }
        });
    return done.future();
  }

  /** Stops renewing and gives the lease back. The servers must have closed before (rule 6). */
  public Future<Void> stop() {
    Promise<Void> left = Promise.promise();
    context.runOnContext(
        go -> {
          stopped = true;
          vertx.cancelTimer(timer);
          feed.leave(self).onComplete(left);
        });
    return left.future();
  }

  private void renew() {
    if (stopped) {
      return;
    }
    vertx.cancelTimer(timer);
    running = true;
    someoneWaits = false;
    Promise<Void> answered = waiting;
    waiting = Promise.promise();
    feed.listen(this::notified)
        .compose(listening -> send())
        .onComplete(
            outcome ->
                context.runOnContext(
                    go -> {
                      if (outcome.succeeded()) {
                        answered.complete();
                        joined.tryComplete();
                      } else {
                        lease.renewalFailed();
                        answered.fail(outcome.cause());
                      }
                      finished();
                    }));
  }

  private Future<Void> send() {
    long sent = nanoTime.getAsLong();
    return feed.renew(self, lease.applied(), config.lease(), config.maxChanges())
        .onComplete(answer -> metrics.renewed(nanoTime.getAsLong() - sent, answer.succeeded()))
        .compose(renewal -> renewed(sent, renewal));
  }

  private Future<Void> renewed(long sent, Renewal renewal) {
    boolean news = lease.renewed(sent, renewal);
    if (!renewal.primary()) {
      return Future.failedFuture("the database server is in recovery");
    }
    clock.learn(renewal.databaseTime());
    replicas = Math.max(1, renewal.replicas());
    if (!news) {
      return Future.succeededFuture();
    }
    metrics.applied(renewal.gap() ? -1 : renewal.changes().size());
    return feed.acknowledge(self, lease.applied());
  }

  private void finished() {
    running = false;
    if (++renewals % RENEWALS_BETWEEN_PRUNES == 0) {
      feed.prune(KEEP_CHANGES).onFailure(later -> log.debug("could not prune changes", later));
    }
    if (someoneWaits) {
      renew();
    } else if (!stopped) {
      timer = vertx.setTimer(jittered(config.renewal()), due -> context.runOnContext(go -> due()));
    }
  }

  private void due() {
    if (!running) {
      renew();
    }
  }

  private void notified() {
    context.runOnContext(
        go -> {
          someoneWaits = true;
          if (!running) {
            renew();
          }
        });
  }

  private static long jittered(Duration period) {
    long millis = period.toMillis();
    return Math.max(1, millis - ThreadLocalRandom.current().nextLong(millis / 10 + 1));
  }
}
