// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.manage;

import dev.maglatch.fault.Fault;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.Queue;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Lets at most two pieces of work for one owner run at a time, so that none can hold the pool.
 *
 * <p>Further ones wait in order: at most 100 for each owner, and none is started after 5 s. What
 * does not fit or waited too long fails with {@code OVERLOADED}. Safe on any thread; work starts,
 * and its future completes, on its caller's context.
 */
final class Lanes<K> {
  static final int WIDTH = 2;
  static final int MAX_WAITING = 100;
  static final Duration MAX_WAIT = Duration.ofSeconds(5);

  private final LongSupplier nanoTime;
  private final Map<K, Lane> busy = new HashMap<>(); // guarded by itself

  Lanes(LongSupplier nanoTime) {
    this.nanoTime = nanoTime;
  }

  /** Runs {@code work} now or when its turn comes. */
  <T> Future<T> run(K owner, Supplier<Future<T>> work) {
    Turn<T> turn = new Turn<>(work, Vertx.currentContext(), nanoTime.getAsLong());
    switch (enter(owner, turn)) {
      case NOW -> turn.start();
      case LATER -> {}
      case NEVER -> {
        return Future.failedFuture(overloaded("too many creates are waiting for one account"));
      }
    }
    return turn.done.future().onComplete(end -> leave(owner));
  }

  private enum Entry {
    NOW,
    LATER,
    NEVER
  }

  private Entry enter(K owner, Turn<?> turn) {
    synchronized (busy) {
      Lane lane = busy.computeIfAbsent(owner, first -> new Lane());
      if (lane.running < WIDTH) {
        lane.running++;
        return Entry.NOW;
      }
      if (lane.waiting.size() == MAX_WAITING) {
        return Entry.NEVER;
      }
      lane.waiting.add(turn);
      return Entry.LATER;
    }
  }

  private void leave(K owner) {
    Turn<?> next = next(owner);
    if (next != null) {
      next.startUnlessLate(nanoTime.getAsLong());
    }
  }

  private @Nullable Turn<?> next(K owner) {
    synchronized (busy) {
      Lane lane = busy.get(owner);
      if (lane == null) {
        return null;
      }
      Turn<?> next = lane.waiting.poll();
      if (next == null && --lane.running == 0) {
        busy.remove(owner);
      }
      return next;
    }
  }

  private static Fault overloaded(String logText) {
    return Fault.of(Fault.Code.OVERLOADED, logText, null);
  }

  private static final class Lane {
    final Queue<Turn<?>> waiting = new ArrayDeque<>();
    int running;
  }

  private static final class Turn<T> {
    final Promise<T> done = Promise.promise();
    private final Supplier<Future<T>> work;
    private final @Nullable Context context;
    private final long sinceNanos;

    Turn(Supplier<Future<T>> work, @Nullable Context context, long sinceNanos) {
      this.work = work;
      this.context = context;
      this.sinceNanos = sinceNanos;
    }

    void start() {
      Future.succeededFuture().compose(go -> work.get()).onComplete(done);
    }

    void startUnlessLate(long nowNanos) {
      boolean late = nowNanos - sinceNanos > MAX_WAIT.toNanos();
      Runnable turn =
          late ? () -> done.fail(overloaded("a create waited too long for its turn")) : this::start;
      if (context == null) {
        turn.run();
      } else {
        context.runOnContext(now -> turn.run());
      }
    }
  }
}
