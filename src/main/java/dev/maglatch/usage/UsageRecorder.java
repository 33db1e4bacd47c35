// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.usage;

import static java.util.Objects.requireNonNull;
import static java.util.concurrent.TimeUnit.MILLISECONDS;

import dev.maglatch.fault.Fault;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.UUID;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Records the use of keys: gathers it in memory and writes it once per interval.
 *
 * <p>The number of statements depends on how many different keys were used (one for every hundred;
 * from 10,000 on about a hundred with more rows, and from 100,000 on one for every thousand), never
 * on how many requests there were. What a failed flush could not write is kept, within the bound,
 * for the next one.
 */
public final class UsageRecorder {
  private static final Logger LOG = LoggerFactory.getLogger(UsageRecorder.class);

  private static final Duration HOURS_KEPT = Duration.ofDays(90);
  private static final Duration REMOVAL_INTERVAL = Duration.ofHours(1);
  private static final int SMALL_BATCH = 100;
  private static final int MANY_BATCHES = 100;
  private static final int MAX_ROWS_REMOVED = 10_000;
  private static final int STRIPES_PER_PROCESSOR = 2;

  private final Vertx vertx;
  private final UsageStore store;
  private final UsageConfig config;
  private final UsageMetrics metrics;
  private final InstantSource clock;
  private final LongSupplier nanoTime;
  private final UsageBuffer buffer;

  // Guarded by this.
  private Future<Void> flush = Future.succeededFuture();
  private long timer;
  private boolean running;

  private volatile boolean stopping; // from then on time counts, and nobody waits for a processor

  // Touched by one flush at a time. What is being written stays in the backlog until it is: a
  // failed write loses nothing.
  private PendingUses backlog = new PendingUses(0);
  private Instant nextRemoval = Instant.MIN;
  private boolean failing;

  public UsageRecorder(
      Vertx vertx,
      UsageStore store,
      UsageConfig config,
      UsageMetrics metrics,
      InstantSource clock,
      LongSupplier nanoTime) {
    this.vertx = requireNonNull(vertx, "vertx");
    this.store = requireNonNull(store, "store");
    this.config = requireNonNull(config, "config");
    this.metrics = requireNonNull(metrics, "metrics");
    this.clock = requireNonNull(clock, "clock");
    this.nanoTime = requireNonNull(nanoTime, "nanoTime");
    int stripes = STRIPES_PER_PROCESSOR * Runtime.getRuntime().availableProcessors();
    this.buffer = new UsageBuffer(config.maxPendingKeys(), stripes);
  }

  /**
   * Notes that a key was used. Of several uses the latest instant is kept, with that use's address
   * and agent; each one is counted.
   *
   * <p>Never blocks and never fails. When {@link UsageConfig#maxPendingKeys} are waiting, a key not
   * among them is dropped and counted; its time is recorded by its next use.
   *
   * @param epochMillis when, in wall-clock milliseconds
   * @param ip the client's address
   * @param userAgent as the client sent it; its first 512 characters are kept
   */
  public void touch(UUID keyId, long epochMillis, @Nullable String ip, @Nullable String userAgent) {
    if (!buffer.touch(keyId, epochMillis, ip, userAgent)) {
      metrics.dropped(1);
    }
  }

  /** Starts writing at intervals. Call it once. */
  public synchronized void start() {
    running = true;
    schedule();
  }

  private synchronized void schedule() {
    if (running) {
      long millis = config.flushInterval().toMillis();
      timer = vertx.setTimer(millis, id -> flush().onComplete(done -> schedule()));
    }
  }

  /**
   * Stops the timer and writes what is left. Fails, saying how much is lost, if that could not be
   * written. Nobody may touch any more.
   */
  public Future<Void> stop() {
    return endTimer().otherwiseEmpty().compose(done -> flush()).recover(this::lost);
  }

  private synchronized Future<Void> endTimer() {
    running = false;
    stopping = true;
    vertx.cancelTimer(timer);
    return flush;
  }

  private Future<Void> lost(Throwable cause) {
    return Future.failedFuture(
        Fault.of(
            Fault.Code.STORE_UNAVAILABLE,
            "last usage flush failed, usage lost of keys=" + backlog.waiting(),
            cause));
  }

  /**
   * Writes every use noted before this call. Fails with {@code STORE_UNAVAILABLE} if something
   * could not be written; that is kept for the next flush.
   */
  public Future<Void> settle() {
    return flush() // one that was under way may have begun before the last use was noted
        .compose(done -> flush())
        .recover(
            failure ->
                Future.failedFuture(
                    Fault.of(Fault.Code.STORE_UNAVAILABLE, "usage not written", failure)));
  }

  /**
   * Writes what has been gathered so far, or joins the write under way. Fails if something could
   * not be written; that is kept for the next flush.
   */
  synchronized Future<Void> flush() {
    if (flush.isComplete()) {
      flush = gatherAndWrite();
    }
    return flush;
  }

  private Future<Void> gatherAndWrite() {
    if (buffer.isEmpty() && backlog.waiting() == 0) {
      return Future.succeededFuture().compose(nothing -> removeOldHours());
    }
    long start = nanoTime.getAsLong();
    Promise<Void> written = Promise.promise();
    vertx.runOnContext( // the caller may be a loop that serves requests
        here -> Future.succeededFuture().compose(begun -> writeBuffer()).onComplete(written));
    return written
        .future()
        .onComplete(done -> ended(nanoTime.getAsLong() - start, done.cause()))
        .compose(done -> removeOldHours());
  }

  private Future<Void> writeBuffer() {
    long dropped = 0;
    backlog = backlog.unwritten();
    for (PendingUses drained : buffer.drain()) {
      dropped += takeOver(drained);
    }
    if (dropped > 0) {
      metrics.dropped(dropped);
    }
    return write();
  }

  private long takeOver(PendingUses drained) {
    if (backlog.waiting() == 0) { // the usual case: nothing is left of the last flush
      backlog = drained;
      return 0;
    }
    return backlog.addAll(drained, config.maxPendingKeys());
  }

  /**
   * Writes one batch after the other; the first failure ends it. A batch is made when its turn has
   * come, so that the thread is never held up for long. A key's further hours follow when all keys
   * have had their turn.
   */
  private Future<Void> write() {
    Promise<Void> written = Promise.promise();
    writeOn(0, nanoTime.getAsLong(), written);
    return written.future();
  }

  // Not one chain of futures: ten thousand of them would complete each other on one stack.
  private void writeOn(int row, long begun, Promise<Void> written) {
    if (backlog.waiting() == 0) {
      written.complete();
      return;
    }
    Future.succeededFuture()
        .compose(turn -> writeBatch(row, nanoTime.getAsLong() - begun))
        .onSuccess(next -> writeOn(next, begun, written))
        .onFailure(written::fail);
  }

  /** Returns the row behind the batch. */
  private Future<Integer> writeBatch(int row, long nanosSoFar) {
    boolean again = row >= backlog.rows();
    if (again) {
      backlog = backlog.unwritten();
    }
    int from = again ? 0 : row;
    int most = rowsOfABatch(nanosSoFar);
    List<KeyUsage> batch = backlog.firstHours(from, most);
    return inTime(store.add(batch)).map(done -> written(batch, from + most));
  }

  /**
   * Small ones, between which requests get their turn, while that does not make a flush long: each
   * is a commit, which may wait for a disk or a standby.
   */
  private int rowsOfABatch(long nanosSoFar) {
    if (stopping || nanosSoFar > config.flushInterval().toNanos() / 2) {
      return UsageStore.MAX_ROWS;
    }
    return Math.max(SMALL_BATCH, Math.min(backlog.rows() / MANY_BATCHES, UsageStore.MAX_ROWS));
  }

  private <T> Future<T> inTime(Future<T> statement) {
    return statement.timeout(config.flushTimeout().toMillis(), MILLISECONDS);
  }

  private int written(List<KeyUsage> batch, int next) {
    backlog.written(batch);
    metrics.rowsWritten(batch.size());
    return next;
  }

  /** Says what became of a flush: the first failure and the first success after it are logged. */
  private void ended(long nanos, @Nullable Throwable failure) {
    metrics.flushed(nanos, failure == null);
    metrics.pendingKeys(backlog.waiting());
    if (failure != null && !failing) {
      LOG.warn("usage flush failed, keeping it pendingKeys={}", backlog.waiting(), failure);
    } else if (failure == null && failing) {
      LOG.info("usage flush works again");
    }
    failing = failure != null;
  }

  /**
   * Once per hour removes counts that are too old; after a failure, and while there are more than
   * one statement should remove, again with the next flush. Other replicas do the same: whoever
   * comes second finds nothing left.
   */
  private Future<Void> removeOldHours() {
    Instant now = clock.instant();
    if (now.isBefore(nextRemoval)) {
      return Future.succeededFuture();
    }
    return inTime(store.removeHoursBefore(now.minus(HOURS_KEPT), MAX_ROWS_REMOVED))
        .map(removed -> planRemoval(now, removed))
        .otherwiseEmpty();
  }

  private @Nullable Void planRemoval(Instant now, int removed) {
    if (removed < MAX_ROWS_REMOVED) {
      nextRemoval = now.plus(REMOVAL_INTERVAL);
    }
    return null;
  }
}
