// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.cluster;

import io.vertx.core.Context;
import io.vertx.core.Vertx;

/** One thread that runs work, now or later: an event loop of Vert.x, or a simulation's. */
public interface Loop {
  /** Runs {@code work} after everything that was given before. May be called on any thread. */
  void run(Runnable work);

  /**
   * Runs {@code work} once {@code millis} milliseconds have passed.
   *
   * @param millis at least 1
   * @return what cancels it, if it has not run
   */
  Runnable later(long millis, Runnable work);

  /** Returns an event loop of {@code vertx}: the caller's own, if it is on one. */
  static Loop of(Vertx vertx) {
    Context context = vertx.getOrCreateContext();
    return new Loop() {
      @Override
      public void run(Runnable work) {
        context.runOnContext(go -> work.run());
      }

      @Override
      public Runnable later(long millis, Runnable work) {
        long timer = vertx.setTimer(millis, due -> run(work));
        return () -> vertx.cancelTimer(timer);
      }
    };
  }
}
