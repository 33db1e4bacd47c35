// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.webhook;

import static java.util.Objects.requireNonNull;

import dev.maglatch.webhook.DeliveryQueue.Claim;
import dev.maglatch.webhook.DeliveryQueue.Claimed;
import dev.maglatch.webhook.DeliveryQueue.Settlement;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One replica's share of the work: claims what is due, has it attempted, writes what came of it.
 * All of it on one thread, which is not one that serves requests.
 */
final class DeliveryWorker {
  /*
   * A delivery takes room from its claim until its result is written, so that a database that does
   * not answer ends the claiming. One statement claims and one writes at a time; what is ready
   * meanwhile goes with the next one, so that their number hardly depends on the rate. Results wait
   * a moment for those of other attempts, unless none is left to wait for. A claim follows a
   * notification; one that filled its batch, or a destination, is followed by another as soon as
   * there is room; what becomes due by itself is seen within a second.
   *
   * A statement claims or writes a batch at most, however much room there is. Beginning hundreds of
   * attempts in one turn would keep the loop for seconds on a busy machine, and answers of the
   * database that arrive meanwhile would be too late, and what they claim lost until its lease is
   * over. Between two batches other replicas get theirs.
   *
   * A claim that arrives so late that an attempt could outlast the lease is not used: another
   * replica may have it soon. The same holds for results that could not be written in time.
   */
  private static final Logger LOG = LoggerFactory.getLogger(DeliveryWorker.class);
  private static final long POLL_MILLIS = 1_000;
  private static final Duration MARGIN = Duration.ofSeconds(2);
  private static final int BATCH = 64;
  private static final long GATHER_MILLIS = 10;

  private final DeliveryQueue queue;
  private final Courier courier;
  private final WebhookConfig config;
  private final Timing timing;
  private final RetrySchedule schedule;
  private final Destinations destinations;
  private final WebhookMetrics metrics;
  private final UUID replica;
  private final Promise<Void> idle = Promise.promise();

  private final List<Ended> unwritten = new ArrayList<>();
  private int inFlight;
  private boolean claiming;
  private boolean writing;
  private boolean wanted;
  private boolean leftOver; // more may be due than there was room for
  private boolean gathering;
  private boolean stopping;
  private String trouble = "";

  /** A result, and when it is worth nothing any more. */
  private record Ended(Settlement settlement, long leaseEndsNanos) {}

  DeliveryWorker(
      UUID replica,
      DeliveryQueue queue,
      Courier courier,
      WebhookConfig config,
      Timing timing,
      RandomGenerator random,
      WebhookMetrics metrics) {
    this.replica = requireNonNull(replica, "replica");
    this.queue = requireNonNull(queue, "queue");
    this.courier = requireNonNull(courier, "courier");
    this.config = requireNonNull(config, "config");
    this.timing = requireNonNull(timing, "timing");
    this.schedule = new RetrySchedule(random);
    this.destinations = new Destinations(config.perDestination());
    this.metrics = requireNonNull(metrics, "metrics");
  }

  /** Begins; claims when told to, and once a second anyway. */
  void start() {
    queue.listen(this::claim).onFailure(this::note);
    poll();
  }

  private void poll() {
    if (!stopping) {
      claim();
      timing.later(POLL_MILLIS, this::poll);
    }
  }

  /** Claims no more. Completes when what was claimed is settled. */
  Future<Void> stop() {
    stopping = true;
    endIfIdle();
    return idle.future();
  }

  /** A claim under way may bring deliveries that nobody else gets before its lease is over. */
  private void endIfIdle() {
    if (stopping && !claiming && inFlight == 0) {
      idle.tryComplete();
    }
  }

  /** Claims as much as there is room for, unless that is being done. */
  private void claim() {
    int room = Math.min(BATCH, config.maxInFlight() - inFlight);
    if (claiming || stopping || room <= 0) {
      wanted = claiming;
      leftOver = true;
      return;
    }
    claiming = true;
    wanted = false;
    leftOver = false;
    long askedNanos = timing.nanoTime();
    queue
        .claim(
            new Claim(
                replica,
                room,
                config.perDestination(),
                destinations.room(askedNanos),
                config.lease()))
        .onSuccess(claimed -> begin(claimed, room, askedNanos + config.lease().toNanos()))
        .onFailure(this::claimFailed);
  }

  /**
   * @param most how many were asked for
   */
  private void begin(List<Claimed> claimed, int most, long leaseEndsNanos) {
    claiming = false;
    fine();
    Duration left = Duration.ofNanos(leaseEndsNanos - timing.nanoTime());
    if (left.compareTo(config.timeout().plus(MARGIN)) > 0) {
      claimed.forEach(this::take); // all of them before any ends
      claimed.forEach(delivery -> begin(delivery, leaseEndsNanos));
    } else if (!claimed.isEmpty()) {
      LOG.warn(
          "webhooks claimed too late, they wait for the end of the lease deliveries={} left={}",
          claimed.size(),
          left);
    }
    metrics.inFlight(inFlight);
    if (wanted || claimed.size() == most) {
      claim();
    }
    endIfIdle();
  }

  private void claimFailed(Throwable failure) {
    claiming = false;
    note(failure);
    endIfIdle();
  }

  private void take(Claimed delivery) {
    inFlight++;
    if (delivery.url() == null) {
      leftOver = true;
    } else {
      destinations.began(delivery.destination());
    }
  }

  private void begin(Claimed delivery, long leaseEndsNanos) {
    if (delivery.url() == null) {
      ended(new Ended(Settlement.unsent(delivery), leaseEndsNanos));
      return;
    }
    attempt(delivery)
        .onSuccess(attempt -> attempted(delivery, attempt, leaseEndsNanos))
        .onFailure(bug -> broken(delivery, bug));
  }

  private Future<Attempt> attempt(Claimed delivery) {
    try {
      return courier.attempt(delivery);
    } catch (RuntimeException bug) {
      return Future.failedFuture(bug);
    }
  }

  private void attempted(Claimed delivery, Attempt attempt, long leaseEndsNanos) {
    long now = timing.nanoTime();
    leftOver |= destinations.ended(delivery.destination(), attempt.kind(), attempt.millis(), now);
    Settlement settlement = schedule.after(delivery, attempt);
    metrics.attempted(settlement.status(), attempt.millis());
    ended(new Ended(settlement, leaseEndsNanos));
  }

  /** A defect of ours: the delivery becomes due again when its lease is over. */
  private void broken(Claimed delivery, Throwable bug) {
    LOG.error("webhook attempt failed unexpectedly delivery_id={}", delivery.id(), bug);
    leftOver |=
        destinations.ended(delivery.destination(), Attempt.Kind.UNSENT, 0, timing.nanoTime());
    leave(1);
  }

  private void ended(Ended result) {
    unwritten.add(result);
    if (unwritten.size() >= BATCH || unwritten.size() == inFlight) {
      write();
    } else if (!gathering) {
      gathering = true;
      timing.later(GATHER_MILLIS, this::gathered);
    }
  }

  private void gathered() {
    gathering = false;
    write();
  }

  private void write() {
    if (writing || unwritten.isEmpty()) {
      return;
    }
    writing = true;
    List<Ended> next = unwritten.subList(0, Math.min(unwritten.size(), BATCH));
    List<Ended> batch = List.copyOf(next);
    next.clear();
    queue
        .settle(batch.stream().map(Ended::settlement).toList())
        .onSuccess(written -> written(batch.size()))
        .onFailure(failure -> notWritten(batch, failure));
  }

  private void written(int count) {
    writing = false;
    fine();
    leave(count);
    write();
    if (leftOver) {
      claim();
    }
  }

  private void notWritten(List<Ended> batch, Throwable failure) {
    note(failure);
    long now = timing.nanoTime();
    List<Ended> worthwhile =
        batch.stream().filter(ended -> now - ended.leaseEndsNanos() < 0).toList();
    unwritten.addAll(0, worthwhile);
    timing.later(
        POLL_MILLIS,
        () -> {
          writing = false;
          write();
        });
    leave(batch.size() - worthwhile.size());
  }

  private void leave(int count) {
    inFlight -= count;
    metrics.inFlight(inFlight);
    endIfIdle();
  }

  private void fine() {
    trouble = "";
  }

  /** Logs trouble when it begins and when it changes. */
  private void note(@Nullable Throwable failure) {
    String reason = String.valueOf(failure);
    if (!trouble.equals(reason)) {
      trouble = reason;
      LOG.warn("webhooks wait for the database reason={}", reason);
    }
  }
}
