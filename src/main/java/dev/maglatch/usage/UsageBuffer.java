// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.usage;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
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
   * for a cache line. A stripe's lock is contended only while a drain swaps its map (some ten
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
      PendingUse use = stripe.uses.get(keyId);
      if (use == null) {
        use = admit(stripe, keyId, epochMillis);
      }
      if (use == null) {
        return false;
      }
      use.note(
          epochMillis,
          StoredText.cut(ip, StoredText.MAX_ADDRESS),
          StoredText.cut(agent, StoredText.MAX_USER_AGENT));
      return true;
    }
  }

  private @Nullable PendingUse admit(Stripe stripe, UUID keyId, long epochMillis) {
    if (keys.incrementAndGet() > maxKeys) {
      keys.decrementAndGet();
      return null;
    }
    PendingUse use = new PendingUse(epochMillis);
    stripe.uses.put(keyId, use);
    return use;
  }

  boolean isEmpty() {
    return keys.get() == 0;
  }

  /** Takes everything out, one map for each stripe that had something. */
  List<Map<UUID, PendingUse>> drain() {
    List<Map<UUID, PendingUse>> drained = new ArrayList<>();
    for (Stripe stripe : stripes) {
      Map<UUID, PendingUse> uses = stripe.swap();
      if (!uses.isEmpty()) {
        keys.addAndGet(-uses.size());
        drained.add(uses);
      }
    }
    return drained;
  }

  /** One thread's share. Guarded by its own monitor. */
  private static final class Stripe {
    private Map<UUID, PendingUse> uses = new HashMap<>();

    /** Exchanges the map for an empty one, made beforehand so that the lock is held shortly. */
    Map<UUID, PendingUse> swap() {
      int expected;
      synchronized (this) {
        expected = uses.size();
      }
      Map<UUID, PendingUse> empty = new HashMap<>(expected * 2);
      synchronized (this) {
        Map<UUID, PendingUse> full = uses;
        uses = empty;
        return full;
      }
    }
  }
}
