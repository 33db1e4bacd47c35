// SPDX-License-Identifier: Apache-2.0
package dev.maglatch;

import static java.util.concurrent.TimeUnit.MILLISECONDS;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What has been started, to be stopped in reverse. Tolerates half a start: only what was added is
 * stopped. Safe on any thread.
 */
final class Lifecycle {
  private static final Logger log = LoggerFactory.getLogger(Lifecycle.class);

  /** A step that says nothing for so long is left behind. */
  private static final Duration PATIENCE = Duration.ofSeconds(5);

  private final Deque<Step> steps = new ArrayDeque<>(); // guarded by this
  private boolean stopping;

  private record Step(String name, Duration patience, Supplier<Future<Void>> stop) {
    Future<Void> run() {
      Promise<Void> ended = Promise.promise();
      try {
        stop.get().onSuccess(ended::tryComplete).onFailure(ended::tryFail);
      } catch (RuntimeException thrown) {
        ended.tryFail(thrown);
      }
      // Not by a timer of Vert.x: the step may be waiting for what Vert.x has not got.
      CompletableFuture.delayedExecutor(patience.toMillis(), MILLISECONDS)
          .execute(() -> ended.tryFail("not ended within " + patience.toMillis() + " ms"));
      return ended.future();
    }
  }

  /** Notes how to stop what was just started, or stops it at once if the rest was told to stop. */
  void started(String name, Supplier<Future<Void>> stop) {
    started(name, PATIENCE, stop);
  }

  /** As {@link #started(String, Supplier)}, for a step that may take {@code patience}. */
  synchronized void started(String name, Duration patience, Supplier<Future<Void>> stop) {
    Step step = new Step(name, patience, stop);
    if (stopping) {
      stop(step);
    } else {
      steps.push(step);
    }
  }

  /** Whether {@link #stopAll} was called. */
  synchronized boolean stopping() {
    return stopping;
  }

  /**
   * Runs every step, newest first, even when one fails or does not end in time; each failure is
   * logged under its name.
   */
  synchronized Future<Void> stopAll() {
    stopping = true;
    Future<Void> stopped = Future.succeededFuture();
    while (!steps.isEmpty()) {
      Step step = steps.pop();
      stopped = stopped.compose(done -> stop(step));
    }
    return stopped;
  }

  private static Future<Void> stop(Step step) {
    return step.run().otherwise(failure -> logged(step, failure));
  }

  private static Void logged(Step step, Throwable failure) {
    log.error("could not stop step={} reason={}", step.name, failure.toString());
    return null;
  }
}
