// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.limit;

import static java.util.Objects.requireNonNull;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Expiry;
import dev.maglatch.http.Quota;
import dev.maglatch.key.KeyPolicy.RateLimit;
import dev.maglatch.key.Principal;
import java.time.Duration;
import java.util.UUID;
import java.util.function.IntSupplier;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Counts the requests of keys that have a limit, and tells which of them are too many.
 *
 * <p>A limit holds for all replicas together: each admits an equal share of it. Within one window
 * of {@code windowSeconds} they admit at most the limit, and one share more for each replica that
 * came or went meanwhile; each admits at least one request, however small its share. A window
 * begins on each replica with the key's first request there and is followed by the next without a
 * gap, so that any other stretch of {@code windowSeconds}, one that spans the end of a window, may
 * see twice as many.
 *
 * <p>Remembers a bounded number of keys, each for at least two windows after its last request. When
 * full, the least valuable one is forgotten, as a rule the least recently used; this fails open: a
 * forgotten key begins a new window. What is known here does not depend on what is cached about a
 * key elsewhere.
 *
 * <p>Safe on any thread. Costs a key without a limit one comparison.
 */
public final class KeyLimits {
  /** Limits nobody. */
  public static final KeyLimits NONE = new KeyLimits(() -> 1, () -> 0, LimitListener.NONE, 1);

  /** Keys that are remembered: about 40 MB when all have a limit. */
  private static final int MAX_KEYS = 100_000;

  private static final String POLICY = "key";

  private final Cache<UUID, Counter> counters;
  private final IntSupplier replicas;
  private final LongSupplier nanoTime;
  private final LimitListener listener;

  /**
   * @param replicas how many share every limit now, this one included; without a lease, as many as
   *     were known last
   * @param nanoTime monotonic
   */
  public KeyLimits(IntSupplier replicas, LongSupplier nanoTime, LimitListener listener) {
    this(replicas, nanoTime, listener, MAX_KEYS);
  }

  KeyLimits(IntSupplier replicas, LongSupplier nanoTime, LimitListener listener, int maxKeys) {
    this.replicas = requireNonNull(replicas, "replicas");
    this.nanoTime = requireNonNull(nanoTime, "nanoTime");
    this.listener = requireNonNull(listener, "listener");
    this.counters =
        Caffeine.newBuilder()
            .maximumSize(maxKeys)
            .expireAfter(Expiry.accessing((UUID key, Counter counter) -> counter.lifetime()))
            .ticker(nanoTime::getAsLong)
            .executor(Runnable::run)
            .build();
  }

  /**
   * Takes one request of {@code key} from its allowance, if it has one.
   *
   * @return how its allowance stands then; null if it has no limit. A request that is refused
   *     spends nothing
   */
  public @Nullable Quota take(Principal key) {
    RateLimit limit = key.keyPolicy().rateLimit();
    return limit == null ? null : take(key, limit);
  }

  /** Returns what {@link #take} took for a request that was refused for another reason then. */
  public void giveBack(Principal key) {
    Counter counter =
        key.keyPolicy().rateLimit() == null || key.keyId() == null
            ? null
            : counters.getIfPresent(key.keyId());
    if (counter != null) {
      counter.giveBack(Math.max(1, replicas.getAsInt()));
    }
  }

  private @Nullable Quota take(Principal key, RateLimit limit) {
    UUID id = key.keyId();
    if (id == null) {
      return null;
    }
    Counter counter = counters.get(id, first -> new Counter(limit, nanoTime));
    Counter.Taken taken = counter.take(limit, Math.max(1, replicas.getAsInt()));
    if (taken.firstRefusal()) {
      listener.reached(key);
    }
    return new Quota(
        POLICY,
        !taken.admitted(),
        limit.limit(),
        limit.windowSeconds(),
        taken.remaining(),
        secondsRoundedUp(taken.resetNanos()));
  }

  /** Returns how many keys are remembered. */
  long size() {
    counters.cleanUp();
    return counters.estimatedSize();
  }

  private static long secondsRoundedUp(long nanos) {
    long second = Duration.ofSeconds(1).toNanos();
    return Math.max(1, (nanos + second - 1) / second);
  }
}
