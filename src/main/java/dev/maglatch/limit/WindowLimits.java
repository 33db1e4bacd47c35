// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.limit;

import static java.util.Objects.requireNonNull;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import dev.maglatch.http.Quota;
import java.time.Duration;
import java.util.List;
import java.util.function.IntSupplier;
import java.util.function.LongSupplier;

/**
 * Counts what callers of a route spend in fixed windows of the clock.
 *
 * <p>A limit holds for all replicas together, as {@link KeyLimits} says of those of keys: with n
 * replicas a request costs n. Around the end of a window up to twice the limit can pass within its
 * length: that is what a fixed window is. A refused request spends nothing.
 *
 * <p>Remembers a bounded number of callers, each for a day after its last request. When full, the
 * one used least is forgotten and begins anew, so that nobody is refused for want of memory. Safe
 * on any thread.
 */
public final class WindowLimits {
  private static final int MAX_CALLERS = 100_000;
  private static final Duration REMEMBERED = Duration.ofDays(1);

  /** Limits nobody for long. */
  public static final WindowLimits NONE = new WindowLimits(() -> 1, () -> 0, 1);

  private final Cache<Caller, WindowCounter> counters;
  private final IntSupplier replicas;

  /** Who is counted, and where. */
  private record Caller(String route, Object who) {}

  /**
   * @param replicas how many share every limit now, this one included
   * @param nanoTime monotonic
   */
  public WindowLimits(IntSupplier replicas, LongSupplier nanoTime) {
    this(replicas, nanoTime, MAX_CALLERS);
  }

  WindowLimits(IntSupplier replicas, LongSupplier nanoTime, int maxCallers) {
    this.replicas = requireNonNull(replicas, "replicas");
    this.counters =
        Caffeine.newBuilder()
            .maximumSize(maxCallers)
            .expireAfterAccess(REMEMBERED)
            .ticker(nanoTime::getAsLong)
            .executor(Runnable::run)
            .build();
  }

  /**
   * Takes one request of a caller from all its windows, or from none.
   *
   * @param who a key's id, an account's, or an address
   * @param windows those of the route; other ones begin anew
   * @return how each stands then, in order: admitted unless one is refused
   */
  public List<Quota> take(String route, Object who, List<Window> windows, long epochSecond) {
    return counters
        .get(new Caller(route, who), first -> new WindowCounter())
        .take(windows, Math.max(1, replicas.getAsInt()), epochSecond);
  }

  /**
   * Returns what {@link #take} took for a request that was refused for another reason then.
   *
   * @param epochSecond as it was given to {@link #take}
   */
  public void giveBack(String route, Object who, List<Window> windows, long epochSecond) {
    WindowCounter counter = counters.getIfPresent(new Caller(route, who));
    if (counter != null) {
      counter.giveBack(windows, Math.max(1, replicas.getAsInt()), epochSecond);
    }
  }

  /** Returns how many callers are remembered. */
  long size() {
    counters.cleanUp();
    return counters.estimatedSize();
  }
}
