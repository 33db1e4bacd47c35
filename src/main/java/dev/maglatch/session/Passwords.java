// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.session;

import dev.maglatch.fault.Fault;
import dev.maglatch.secret.Secret;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.WorkerExecutor;
import java.security.SecureRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Hashes and checks passwords on a small worker pool of its own.
 *
 * <p>At most {@code maxWaiting} calls run or wait. The next one fails with {@link
 * Fault.Code#OVERLOADED} instead of waiting: a flood of sign-ins delays sign-ins, never memory and
 * never proxied requests.
 */
public final class Passwords {
  private static final int THREADS = 2;
  private static final int DEFAULT_MAX_WAITING = 64;

  private final WorkerExecutor workers;
  private final SecureRandom random;
  private final SessionMetrics metrics;
  private final int maxWaiting;
  private final AtomicInteger waiting = new AtomicInteger();

  public Passwords(Vertx vertx, SecureRandom random, SessionMetrics metrics) {
    this(vertx, random, metrics, DEFAULT_MAX_WAITING);
  }

  Passwords(Vertx vertx, SecureRandom random, SessionMetrics metrics, int maxWaiting) {
    this.workers = vertx.createSharedWorkerExecutor("maglatch-passwords", THREADS);
    this.random = random;
    this.metrics = metrics;
    this.maxWaiting = maxWaiting;
  }

  /** Returns what to store for {@code password}. */
  public Future<String> hash(Secret password) {
    return work(() -> PasswordHash.of(password, random));
  }

  /**
   * Whether {@code stored} was made from {@code password}. Null, for an account that does not exist
   * or has no password, costs the same and never matches.
   */
  public Future<Boolean> matches(Secret password, @Nullable String stored) {
    return work(
        () -> {
          if (stored != null) {
            return PasswordHash.matches(password, stored);
          }
          PasswordHash.waste(password);
          return false;
        });
  }

  /** Returns how many passwords are being hashed or wait for it, for metrics. */
  public int waiting() {
    return waiting.get();
  }

  /** Ends the worker pool. */
  public Future<Void> close() {
    return workers.close();
  }

  private <T> Future<T> work(Callable<T> hashing) {
    if (waiting.incrementAndGet() > maxWaiting) {
      waiting.decrementAndGet();
      metrics.passwordTurnedAway();
      return Future.failedFuture(
          Fault.of(Fault.Code.OVERLOADED, "more than " + maxWaiting + " passwords wait", null));
    }
    long sinceNanos = System.nanoTime();
    return workers
        .executeBlocking(() -> timed(hashing, sinceNanos), false)
        .onComplete(done -> waiting.decrementAndGet());
  }

  private <T> T timed(Callable<T> hashing, long sinceNanos) throws Exception {
    long beganNanos = System.nanoTime();
    try {
      return hashing.call();
    } finally {
      metrics.passwordHashed(beganNanos - sinceNanos, System.nanoTime() - beganNanos);
    }
  }
}
