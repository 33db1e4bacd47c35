// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.usage;

import static java.util.Objects.requireNonNull;

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
  private final int maxKeys;
  private Map<UUID, PendingUse> uses = new HashMap<>();
  private int furtherHours; // beyond the first of each key, together at most maxKeys

  UsageBacklog(int maxKeys) {
    this.maxKeys = maxKeys;
  }

  /** Takes over what was drained, of no more keys than the bound; returns how many did not fit. */
  long add(Map<UUID, PendingUse> drained) {
    if (uses.isEmpty()) { // the usual case: nothing is left of the last flush
      uses = drained;
      drained.values().forEach(use -> furtherHours += use.hours() - 1);
      return 0;
    }
    long dropped = 0;
    for (Map.Entry<UUID, PendingUse> entry : drained.entrySet()) {
      dropped += add(entry.getKey(), entry.getValue());
    }
    return dropped;
  }

  private long add(UUID keyId, PendingUse use) {
    PendingUse known = uses.get(keyId);
    if (known == null && uses.size() >= maxKeys) {
      return use.uses();
    }
    if (known == null) {
      uses.put(keyId, use);
      furtherHours += use.hours() - 1;
      return 0;
    }
    int before = known.hours();
    long dropped = known.add(use, Math.max(0, maxKeys - furtherHours));
    furtherHours += known.hours() - before;
    return dropped;
  }

  /** Returns the keys that have something waiting, in no order. */
  List<UUID> keys() {
    return new ArrayList<>(uses.keySet());
  }

  /** Returns one row for each of {@code keys}, of its first hour, sorted by key. */
  List<KeyUsage> firstHours(Collection<UUID> keys) {
    List<KeyUsage> rows = new ArrayList<>(keys.size());
    for (UUID key : keys) {
      rows.add(requireNonNull(uses.get(key)).firstHour(key));
    }
    rows.sort(Comparator.comparing(KeyUsage::keyId));
    return rows;
  }

  void written(List<KeyUsage> rows) {
    for (KeyUsage row : rows) {
      if (requireNonNull(uses.get(row.keyId())).forget(row.hour())) {
        furtherHours--;
      } else {
        uses.remove(row.keyId());
      }
    }
  }

  /** Returns how many keys have something waiting. */
  int size() {
    return uses.size();
  }
}
