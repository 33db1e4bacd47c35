// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.limit;

import dev.maglatch.key.KeyPolicy.RateLimit;
import io.github.bucket4j.Bandwidth;
import io.github.bucket4j.Bucket;
import io.github.bucket4j.ConsumptionProbe;
import io.github.bucket4j.TimeMeter;
import java.time.Duration;
import java.util.function.LongSupplier;

/** What one key has spent in its window, on this replica. Safe on any thread. */
final class Counter {
  /*
   * The bucket holds the whole limit, and with n replicas a request costs n tokens: so a share need
   * be no whole number, and another number of replicas counts from the next request on, without
   * another bucket and without giving anything back.
   *
   * Another limit begins a new window, in which what was spent in the current one still counts: it
   * is worth no allowance to change the limit. What was spent beyond a smaller limit has no place
   * in its bucket, and is remembered until the window ends ("beyond").
   */
  private static final int WINDOWS_REMEMBERED = 2;

  private final LongSupplier nanoTime;
  private RateLimit limit;
  private Bucket bucket;
  private long beyond;
  private long beyondUntil;
  private boolean refusedBefore;
  private long refusedUntil;

  Counter(RateLimit limit, LongSupplier nanoTime) {
    this.nanoTime = nanoTime;
    this.limit = limit;
    this.beyondUntil = nanoTime.getAsLong();
    this.bucket = bucket(limit, limit.limit(), nanoTime);
  }

  /**
   * What became of one request.
   *
   * @param remaining of the limit, in requests of all replicas; 0 if the next one is refused
   * @param resetNanos until the window is over
   * @param firstRefusal whether it is refused and none was before in this window
   */
  record Taken(boolean admitted, long remaining, long resetNanos, boolean firstRefusal) {}

  /** Takes one request, at the price that it has with so many replicas. */
  synchronized Taken take(RateLimit current, int replicas) {
    if (!current.equals(limit)) {
      change(current);
    }
    long price = Math.min(replicas, limit.limit());
    ConsumptionProbe probe = bucket.tryConsumeAndReturnRemaining(price);
    boolean admitted = probe.isConsumed();
    long left = admitted && probe.getRemainingTokens() >= price ? probe.getRemainingTokens() : 0;
    long reset = probe.getNanosToWaitForReset();
    return new Taken(admitted, left, reset, !admitted && isFirstRefusal(reset));
  }

  /** Returns the price of one request; a window that began meanwhile is full already. */
  synchronized void giveBack(int replicas) {
    bucket.addTokens(Math.min(replicas, limit.limit()));
  }

  /** How long this must be remembered after its last use. */
  synchronized Duration lifetime() {
    return Duration.ofSeconds(limit.windowSeconds()).multipliedBy(WINDOWS_REMEMBERED);
  }

  private void change(RateLimit next) {
    long now = nanoTime.getAsLong();
    long spent = limit.limit() - bucket.getAvailableTokens();
    if (now - beyondUntil < 0) {
      spent += beyond;
    }
    bucket = bucket(next, Math.max(0, next.limit() - spent), nanoTime);
    beyond = Math.max(0, spent - next.limit());
    beyondUntil = now + Duration.ofSeconds(next.windowSeconds()).toNanos();
    limit = next;
    refusedBefore = false;
  }

  private boolean isFirstRefusal(long resetNanos) {
    long now = nanoTime.getAsLong();
    boolean first = !refusedBefore || now - refusedUntil >= 0;
    refusedBefore = true;
    refusedUntil = first ? now + resetNanos : refusedUntil;
    return first;
  }

  private static Bucket bucket(RateLimit limit, long tokens, LongSupplier nanoTime) {
    Bandwidth bandwidth =
        Bandwidth.builder()
            .capacity(limit.limit())
            .refillIntervally(limit.limit(), Duration.ofSeconds(limit.windowSeconds()))
            .initialTokens(tokens)
            .build();
    return Bucket.builder()
        .addLimit(bandwidth)
        .withCustomTimePrecision(new Meter(nanoTime, nanoTime.getAsLong()))
        .build();
  }

  /** The injected clock as bucket4j asks it: it must not overflow, so it begins at 0. */
  private record Meter(LongSupplier nanoTime, long begun) implements TimeMeter {
    @Override
    public long currentTimeNanos() {
      return nanoTime.getAsLong() - begun;
    }

    @Override
    public boolean isWallClockBased() {
      return false;
    }
  }
}
