// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.verify;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import dev.maglatch.http.Quota;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Bounds the queries that tokens without valid check bytes may cost, in all and for each address.
 *
 * <p>Counts in windows of one second. Remembers at most 10,000 addresses; beyond that the bound in
 * all still holds. Safe on any thread.
 */
final class GuessBudget {
  private static final long WINDOW_NANOS = 1_000_000_000L;
  private static final String POLICY = "guesses";
  private static final int MAX_ADDRESSES = 10_000;
  private static final int STANDARD_PER_SECOND = 200;
  private static final int STANDARD_PER_ADDRESS = 20;

  private final int perSecond;
  private final int perAddress;
  private final LongSupplier nanoTime;
  private final AtomicLong windowStart;
  private final AtomicInteger spent = new AtomicInteger();
  private final Cache<String, AtomicInteger> byAddress =
      Caffeine.newBuilder()
          .maximumSize(MAX_ADDRESSES)
          .expireAfterAccess(Duration.ofMinutes(1))
          .executor(Runnable::run)
          .build();

  GuessBudget(int perSecond, int perAddress, LongSupplier nanoTime) {
    this.perSecond = perSecond;
    this.perAddress = perAddress;
    this.nanoTime = nanoTime;
    this.windowStart = new AtomicLong(nanoTime.getAsLong());
  }

  static GuessBudget standard(LongSupplier nanoTime) {
    return new GuessBudget(STANDARD_PER_SECOND, STANDARD_PER_ADDRESS, nanoTime);
  }

  /** Takes one query from the budget; returns null, or the allowance that is spent. */
  @Nullable Quota take(String address) {
    rollWindow();
    if (spent.get() >= perSecond) {
      return spent(perSecond);
    }
    AtomicInteger ofAddress = byAddress.get(address, first -> new AtomicInteger());
    if (ofAddress.incrementAndGet() > perAddress) {
      return spent(perAddress);
    }
    return spent.incrementAndGet() > perSecond ? spent(perSecond) : null;
  }

  private static Quota spent(int limit) {
    return Quota.spent(POLICY, limit, 1, 1);
  }

  private void rollWindow() {
    long now = nanoTime.getAsLong();
    long start = windowStart.get();
    if (now - start >= WINDOW_NANOS && windowStart.compareAndSet(start, now)) {
      spent.set(0);
      byAddress.invalidateAll();
    }
  }
}
