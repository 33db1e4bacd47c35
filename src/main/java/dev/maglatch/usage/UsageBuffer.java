// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.usage;

import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Uses since the last drain, by key, bounded in keys. Safe for concurrent use.
 *
 * <p>A key counts once for each stripe that holds it.
 */
final class UsageBuffer {
  /*
   * Each thread writes to a stripe of its own, so event loops that serve one busy key do not fight
   * for a cache line. A stripe's lock is contended only while a drain swaps its uses (some ten
   * nanoseconds, once per interval) or when there are more threads than stripes. A repeated touch
   * allocates nothing.
   */
  private final int maxKeys;
  private final Stripe[] stripes;
  private final AtomicInteger nextStripe = new AtomicInteger();
  private final AtomicInteger keys = new AtomicInteger();
  private final ThreadLocal<Stripe> own;

  UsageBuffer(int maxKeys, int stripeCount) {
    this.maxKeys = maxKeys;
    this.stripes = new Stripe[stripeCount];
    for (int i = 0; i < stripeCount; i++) {
      stripes[i] = new Stripe();
    }
    this.own = ThreadLocal.withInitial(this::assignStripe);
  }

  private Stripe assignStripe() {
    return stripes[Math.floorMod(nextStripe.getAndIncrement(), stripes.length)];
  }

  /** Notes one use; returns false if it was dropped because too many keys are here already. */
  boolean touch(UUID keyId, long epochMillis, @Nullable String ip, @Nullable String agent) {
    Stripe stripe = own.get();
    synchronized (stripe) {
      int row = stripe.uses.find(keyId);
      if (row < 0) {
        if (!admit()) {
          return false;
        }
        row = stripe.uses.add(keyId);
      }
      stripe.uses.note(
          row,
          epochMillis,
          StoredText.cut(ip, StoredText.MAX_ADDRESS),
          StoredText.cut(agent, StoredText.MAX_USER_AGENT));
      return true;
    }
  }

  private boolean admit() {
    if (keys.incrementAndGet() > maxKeys) {
      keys.decrementAndGet();
      return false;
    }
    return true;
  }

  boolean isEmpty() {
    return keys.get() == 0;
  }

  /** Takes everything out, apart for each stripe that had something. */
  List<PendingUses> drain() {
    List<PendingUses> drained = new ArrayList<>();
    for (Stripe stripe : stripes) {
      PendingUses uses = stripe.swap();
      if (uses.rows() > 0) {
        keys.addAndGet(-uses.rows());
        drained.add(uses);
      }
    }
    return drained;
  }

  /** One thread's share. Guarded by its own monitor. */
  private static final class Stripe {
    private PendingUses uses = new PendingUses(0);

    /** Exchanges the uses for none, made beforehand so that the lock is held shortly. */
    PendingUses swap() {
      int expected;
      synchronized (this) {
        expected = uses.rows();
      }
      PendingUses none = new PendingUses(expected + expected / 4);
      synchronized (this) {
        PendingUses full = uses;
        uses = none;
        return full;
      }
    }
  }
}
