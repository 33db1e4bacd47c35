// SPDX-License-Identifier: Apache-2.0
package dev.maglatch;

import io.vertx.core.Future;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What has been started, to be stopped in reverse. Tolerates half a start: only what was added is
 * stopped. Safe on any thread.
 */
final class Lifecycle {
  private static final Logger log = LoggerFactory.getLogger(Lifecycle.class);

  private final Deque<Step> steps = new ArrayDeque<>(); // guarded by this
  private boolean stopping;

  private record Step(String name, Supplier<Future<Void>> stop) {
    Future<Void> run() {
      try {
        return stop.get();
      } catch (RuntimeException thrown) {
        return Future.failedFuture(thrown);
      }
    }
  }

  /** Notes how to stop what was just started. */
  synchronized void started(String name, Supplier<Future<Void>> stop) {
    steps.push(new Step(name, stop));
  }

  /** Whether {@link #stopAll} was called. */
  synchronized boolean stopping() {
    return stopping;
  }

  /** Runs every step, newest first, even when one fails; each failure is logged under its name. */
  synchronized Future<Void> stopAll() {
    stopping = true;
    Future<Void> stopped = Future.succeededFuture();
    while (!steps.isEmpty()) {
      Step step = steps.pop();
      stopped = stopped.compose(done -> step.run().otherwise(failure -> logged(step, failure)));
    }
    return stopped;
  }

  private static Void logged(Step step, Throwable failure) {
    log.error("could not stop step={} reason={}", step.name, failure.toString());
    return null;
  }
}
