// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.cli;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The end of the process by signal: the command is told to stop, and the process waits until it
 * has.
 */
final class Shutdown {
  /*
   * A JVM that gets SIGTERM ends as soon as its hooks have run, with 143. Our hook therefore waits
   * for the main thread, which leaves its command in order, and then halts with the command's own
   * exit code. The wait has an end, so that a stop that hangs cannot keep the process forever.
   */
  /** What a command may need beside its gateway, such as to end a PostgreSQL of its own. */
  private static final Duration MARGIN = Duration.ofSeconds(10);

  private static final CompletableFuture<Boolean> REQUESTED = new CompletableFuture<>();
  private static final CountDownLatch FINISHED = new CountDownLatch(1);
  private static final AtomicInteger EXIT_CODE = new AtomicInteger(1);
  private static final AtomicBoolean OWN_PROCESS = new AtomicBoolean();

  private Shutdown() {}

  /** Says that the process is the command's own, to be ended with {@link #exit}. */
  static void ownProcess() {
    OWN_PROCESS.set(true);
  }

  /**
   * From now on a signal does not end the process before {@link #exit} is called. Does nothing in a
   * process that is not our own, such as that of a test.
   *
   * @param longestStop how long the command's gateway may take to stop
   */
  static void arm(Duration longestStop) {
    if (OWN_PROCESS.compareAndSet(true, false)) {
      Duration patience = longestStop.plus(MARGIN);
      Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(patience), "maglatch-shutdown"));
    }
  }

  /** Completes with false when the process is asked to end. */
  static CompletableFuture<Boolean> requested() {
    return REQUESTED.copy();
  }

  /** Blocks until the process is asked to end. */
  static void awaitRequest() {
    requested().join();
  }

  /** Ends the process. */
  static void exit(int code) {
    EXIT_CODE.set(code);
    FINISHED.countDown();
    System.exit(code); // waits forever if the hook is running, and the hook halts
  }

  private static void stop(Duration patience) {
    REQUESTED.complete(false);
    try {
      boolean finished = FINISHED.await(patience.toMillis(), TimeUnit.MILLISECONDS);
      System.out.flush();
      System.err.flush();
      Runtime.getRuntime().halt(finished ? EXIT_CODE.get() : 1);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
