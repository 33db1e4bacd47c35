// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.usage;

import io.vertx.core.Future;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Usage in a map, for tests. Calls can be made to fail or to wait. */
public final class InMemoryUsageStore implements UsageStore {
  private final Set<UUID> keys = new HashSet<>();
  private final Map<UUID, KeyUsage> lastUses = new HashMap<>();
  private final Map<UUID, TreeMap<Instant, Long>> hours = new HashMap<>();
  private final List<Integer> batchSizes = new ArrayList<>();
  private Supplier<Future<Void>> gate = Future::succeededFuture;

  public synchronized UUID newKey() {
    UUID key = UUID.randomUUID();
    keys.add(key);
    return key;
  }

  public synchronized void deleteKey(UUID key) {
    keys.remove(key);
    lastUses.remove(key);
    hours.remove(key);
  }

  /** From now on every write first asks {@code gate} and fails or waits with it. */
  public synchronized void guardWrites(Supplier<Future<Void>> gate) {
    this.gate = gate;
  }

  public synchronized @Nullable LastUse lastUse(UUID key) {
    KeyUsage latest = lastUses.get(key);
    return latest == null ? null : LastUse.of(latest);
  }

  public synchronized Map<Instant, Long> hours(UUID key) {
    return Map.copyOf(hours.getOrDefault(key, new TreeMap<>()));
  }

  /** Returns the number of rows of each write that was begun. */
  public synchronized List<Integer> batchSizes() {
    return List.copyOf(batchSizes);
  }

  @Override
  public synchronized Future<Void> add(List<KeyUsage> usage) {
    batchSizes.add(usage.size());
    return gate.get().map(open -> write(usage));
  }

  @Override
  public synchronized Future<Integer> removeHoursBefore(Instant end, int maxRows) {
    int removed = 0;
    for (TreeMap<Instant, Long> ofKey : hours.values()) {
      Iterator<Instant> old = ofKey.headMap(end).keySet().iterator();
      while (old.hasNext() && removed < maxRows && ofKey.size() > 1) {
        old.next();
        old.remove();
        removed++;
      }
    }
    return Future.succeededFuture(removed);
  }

  private synchronized @Nullable Void write(List<KeyUsage> usage) {
    for (KeyUsage one : usage) {
      if (keys.contains(one.keyId())) {
        lastUses.merge(one.keyId(), one, InMemoryUsageStore::later);
        hours
            .computeIfAbsent(one.keyId(), key -> new TreeMap<>())
            .merge(Instant.ofEpochMilli(one.hour()), one.requests(), Long::sum);
      }
    }
    return null;
  }

  private static KeyUsage later(KeyUsage known, KeyUsage added) {
    return known.usedAt() < added.usedAt() ? added : known;
  }
}
