// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.webhook;

import io.vertx.core.Vertx;

/** Time that passes by itself, or in a test as fast as the test wants. */
interface Timing {
  /** Returns a monotonic time in nanoseconds. */
  long nanoTime();

  /** Runs {@code work} on the caller's context once {@code millis} milliseconds have passed. */
  void later(long millis, Runnable work);

  static Timing of(Vertx vertx) {
    return new Timing() {
      @Override
      public long nanoTime() {
        return System.nanoTime();
      }

      @Override
      public void later(long millis, Runnable work) {
        vertx.setTimer(millis, due -> work.run());
      }
    };
  }
}
