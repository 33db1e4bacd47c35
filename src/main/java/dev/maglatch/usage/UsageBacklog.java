// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.usage;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/**
 * What was drained and is not yet written. Stays here while a write is under way, so that a failed
 * one loses nothing. Not safe for use by two threads at once.
 */
final class UsageBacklog {
  /** Around the turn of an hour a key has two counts. */
  private static final int HOURS_PER_KEY = 2;

  private final int maxKeys;
  private final Map<UUID, LastUse> lastUses = new HashMap<>();
  private final Map<KeyHour, HourlyRequests> counts = new HashMap<>();

  UsageBacklog(int maxKeys) {
    this.maxKeys = maxKeys;
  }

  /** Adds what was drained; returns how many uses found no room. */
  long add(Map<UUID, PendingUse> drained) {
    long dropped = 0;
    for (Map.Entry<UUID, PendingUse> entry : drained.entrySet()) {
      dropped += add(entry.getKey(), entry.getValue());
    }
    return dropped;
  }

  private long add(UUID keyId, PendingUse use) {
    if (lastUses.size() >= maxKeys && !lastUses.containsKey(keyId)) {
      return use.uses();
    }
    lastUses.merge(keyId, use.lastUse(keyId), UsageBacklog::later);
    long dropped = 0;
    for (HourlyRequests hourly : use.hourlyRequests(keyId)) {
      dropped += add(hourly);
    }
    return dropped;
  }

  private long add(HourlyRequests hourly) {
    KeyHour place = new KeyHour(hourly.keyId(), hourly.hour());
    if (counts.size() >= (long) HOURS_PER_KEY * maxKeys && !counts.containsKey(place)) {
      return hourly.requests();
    }
    counts.merge(place, hourly, UsageBacklog::sum);
    return 0;
  }

  private static LastUse later(LastUse known, LastUse added) {
    return added.usedAt().isBefore(known.usedAt()) ? known : added;
  }

  private static HourlyRequests sum(HourlyRequests known, HourlyRequests added) {
    return new HourlyRequests(known.keyId(), known.hour(), known.requests() + added.requests());
  }

  /** Returns the last uses in batches, sorted by key. */
  List<List<LastUse>> lastUseBatches() {
    return batches(lastUses.values(), Comparator.comparing(LastUse::keyId));
  }

  /** Returns the counts in batches, sorted by key and hour. */
  List<List<HourlyRequests>> countBatches() {
    return batches(
        counts.values(),
        Comparator.comparing(HourlyRequests::keyId).thenComparing(HourlyRequests::hour));
  }

  private static <T> List<List<T>> batches(Collection<T> rows, Comparator<T> order) {
    List<T> sorted = new ArrayList<>(rows);
    sorted.sort(order);
    List<List<T>> batches = new ArrayList<>();
    for (int from = 0; from < sorted.size(); from += UsageStore.MAX_ROWS) {
      int to = Math.min(from + UsageStore.MAX_ROWS, sorted.size());
      batches.add(sorted.subList(from, to));
    }
    return batches;
  }

  void lastUsesWritten(List<LastUse> batch) {
    batch.forEach(use -> lastUses.remove(use.keyId()));
  }

  void countsWritten(List<HourlyRequests> batch) {
    batch.forEach(hourly -> counts.remove(new KeyHour(hourly.keyId(), hourly.hour())));
  }

  /** Returns how many keys have something waiting; a lower bound when both kinds wait. */
  int size() {
    return Math.max(lastUses.size(), counts.size());
  }

  private record KeyHour(UUID keyId, Instant hour) {}
}
