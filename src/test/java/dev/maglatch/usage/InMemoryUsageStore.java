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
  private final Map<UUID, LastUse> lastUses = new HashMap<>();
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
    return lastUses.get(key);
  }

  public synchronized Map<Instant, Long> hours(UUID key) {
    return Map.copyOf(hours.getOrDefault(key, new TreeMap<>()));
  }

  /** Returns the number of rows of each write that was begun. */
  public synchronized List<Integer> batchSizes() {
    return List.copyOf(batchSizes);
  }

  @Override
  public synchronized Future<Void> saveLastUses(List<LastUse> uses) {
    batchSizes.add(uses.size());
    return gate.get().map(open -> save(uses));
  }

  @Override
  public synchronized Future<Void> addRequests(List<HourlyRequests> counts) {
    batchSizes.add(counts.size());
    return gate.get().map(open -> add(counts));
  }

  @Override
  public synchronized Future<Integer> removeHoursBefore(Instant end, int maxRows) {
    int removed = 0;
    for (TreeMap<Instant, Long> ofKey : hours.values()) {
      Iterator<Instant> old = ofKey.headMap(end).keySet().iterator();
      while (old.hasNext() && removed < maxRows) {
        old.next();
        old.remove();
        removed++;
      }
    }
    return Future.succeededFuture(removed);
  }

  private synchronized @Nullable Void save(List<LastUse> uses) {
    for (LastUse use : uses) {
      LastUse known = lastUses.get(use.keyId());
      if (keys.contains(use.keyId()) && (known == null || known.usedAt().isBefore(use.usedAt()))) {
        lastUses.put(use.keyId(), use);
      }
    }
    return null;
  }

  private synchronized @Nullable Void add(List<HourlyRequests> counts) {
    for (HourlyRequests hourly : counts) {
      if (keys.contains(hourly.keyId())) {
        hours
            .computeIfAbsent(hourly.keyId(), key -> new TreeMap<>())
            .merge(hourly.hour(), hourly.requests(), Long::sum);
      }
    }
    return null;
  }
}
