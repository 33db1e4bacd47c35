// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.usage;

import static java.util.Objects.requireNonNull;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * What the uses that are not yet written amount to, a row for each key. Not safe for use by two
 * threads at once.
 */
final class PendingUses {
  /*
   * Columns in place of an object for each key: ten thousand keys in use would be as many objects
   * that a collection copies while requests wait; this is a handful of arrays.
   */
  private static final long MILLIS_PER_HOUR = 3_600_000;
  private static final int MIN_ROOM = 16;
  private static final int GOLDEN_RATIO = 0x9E3779B9; // as a factor it spreads hashes evenly
  private static final SortedMap<Long, Long> NO_COUNTS = Collections.emptySortedMap();

  private UUID[] keys;
  private long[] usedAt;
  private @Nullable String[] addresses;
  private @Nullable String[] agents;
  private long[] hours; // since 1970; the first in which a use is counted
  private long[] requests; // of that hour; 0 if the row has nothing to be written
  private int rows;
  private int waiting; // rows with something to be written

  private int[] slots; // open addressing, linear probing: 1 + the key's row, 0 where there is none

  // Nearly always empty: a key has a second hour only around its turn, or after failed flushes.
  private final Map<UUID, SortedMap<Long, Long>> furtherHours = new HashMap<>();
  private int furtherCounts;

  /** Makes room for {@code expected} keys; it grows when there are more. */
  PendingUses(int expected) {
    int room = Math.max(MIN_ROOM, expected);
    keys = new UUID[room];
    usedAt = new long[room];
    addresses = new String[room];
    agents = new String[room];
    hours = new long[room];
    requests = new long[room];
    slots = new int[slotsFor(room)];
  }

  private static int slotsFor(int room) {
    return Integer.highestOneBit(room) << 2; // at most half of them are taken
  }

  /** Returns the key's row, or -1 if it has none. */
  int find(UUID key) {
    return slots[slotOf(key)] - 1;
  }

  private int slotOf(UUID key) {
    int last = slots.length - 1;
    int slot = (key.hashCode() * GOLDEN_RATIO) >>> Integer.numberOfLeadingZeros(last);
    while (slots[slot] != 0 && !keys[slots[slot] - 1].equals(key)) {
      slot = (slot + 1) & last;
    }
    return slot;
  }

  /** Returns a new row, for a key that has none. */
  int add(UUID key) {
    if (rows == keys.length) {
      grow();
    }
    keys[rows] = key;
    usedAt[rows] = Long.MIN_VALUE;
    slots[slotOf(key)] = rows + 1;
    return rows++;
  }

  private void grow() {
    int room = 2 * rows;
    keys = Arrays.copyOf(keys, room);
    usedAt = Arrays.copyOf(usedAt, room);
    addresses = Arrays.copyOf(addresses, room);
    agents = Arrays.copyOf(agents, room);
    hours = Arrays.copyOf(hours, room);
    requests = Arrays.copyOf(requests, room);
    slots = new int[slotsFor(room)];
    for (int row = 0; row < rows; row++) {
      slots[slotOf(keys[row])] = row + 1;
    }
  }

  /** Notes one use of a row's key. */
  void note(int row, long epochMillis, @Nullable String ip, @Nullable String agent) {
    moveTo(row, epochMillis, ip, agent);
    count(row, Math.floorDiv(epochMillis, MILLIS_PER_HOUR), 1);
  }

  private void moveTo(int row, long epochMillis, @Nullable String ip, @Nullable String agent) {
    if (epochMillis >= usedAt[row]) {
      usedAt[row] = epochMillis;
      addresses[row] = ip;
      agents[row] = agent;
    }
  }

  private void count(int row, long hour, long uses) {
    if (requests[row] == 0) {
      waiting++;
      hours[row] = hour;
      requests[row] = uses;
    } else if (hours[row] == hour) {
      requests[row] += uses;
    } else if (hours[row] < hour) {
      countFurther(keys[row], hour, uses);
    } else {
      countFurther(keys[row], hours[row], requests[row]);
      hours[row] = hour;
      requests[row] = uses;
    }
  }

  private void countFurther(UUID key, long hour, long uses) {
    SortedMap<Long, Long> counts = furtherHours.computeIfAbsent(key, first -> new TreeMap<>());
    int before = counts.size();
    counts.merge(hour, uses, Long::sum);
    furtherCounts += counts.size() - before;
  }

  /**
   * Adds all that {@code others} hold. A key that is not here finds no room when {@code maxKeys}
   * wait already, and a further hour of a key when as many further hours do.
   *
   * @return how many uses found no room
   */
  long addAll(PendingUses others, int maxKeys) {
    long dropped = 0;
    for (int row = 0; row < others.rows; row++) {
      if (others.requests[row] > 0) {
        dropped += addRow(others, row, maxKeys);
      }
    }
    return dropped;
  }

  private long addRow(PendingUses others, int from, int maxKeys) {
    UUID key = others.keys[from];
    int row = find(key);
    boolean waits = row >= 0 && requests[row] > 0;
    Map<Long, Long> further = others.furtherHours.getOrDefault(key, NO_COUNTS);
    if (!waits && waiting >= maxKeys) {
      return others.requests[from] + further.values().stream().mapToLong(Long::longValue).sum();
    }
    row = row < 0 ? add(key) : row;
    moveTo(row, others.usedAt[from], others.addresses[from], others.agents[from]);
    long dropped = countWithin(row, others.hours[from], others.requests[from], maxKeys);
    for (Map.Entry<Long, Long> count : further.entrySet()) {
      dropped += countWithin(row, count.getKey(), count.getValue(), maxKeys);
    }
    return dropped;
  }

  private long countWithin(int row, long hour, long uses, int maxFurther) {
    boolean known = requests[row] == 0 || hours[row] == hour || furtherOf(row).containsKey(hour);
    if (!known && furtherCounts >= maxFurther) {
      return uses;
    }
    count(row, hour, uses);
    return 0;
  }

  private SortedMap<Long, Long> furtherOf(int row) {
    return furtherHours.getOrDefault(keys[row], NO_COUNTS);
  }

  /** Returns how many rows there are, whether they wait or not. */
  int rows() {
    return rows;
  }

  /** Returns how many keys have something to be written. */
  int waiting() {
    return waiting;
  }

  /** Returns these uses, without the rows in which nothing waits. */
  PendingUses unwritten() {
    if (waiting == rows) {
      return this;
    }
    PendingUses left = new PendingUses(waiting);
    left.addAll(this, Integer.MAX_VALUE);
    return left;
  }

  /**
   * Returns the first hour and the latest use of each key that waits in the {@code most} rows from
   * {@code from} on; its texts are made fit for storing.
   */
  List<KeyUsage> firstHours(int from, int most) {
    int end = Math.min(from + most, rows);
    List<KeyUsage> usage = new ArrayList<>(end - from);
    for (int row = from; row < end; row++) {
      if (requests[row] > 0) {
        usage.add(firstHour(row));
      }
    }
    return usage;
  }

  private KeyUsage firstHour(int row) {
    return new KeyUsage(
        keys[row],
        usedAt[row],
        StoredText.scrub(addresses[row]),
        StoredText.scrub(agents[row]),
        MILLIS_PER_HOUR * hours[row],
        requests[row]);
  }

  /** Forgets first hours, which are written; a key that has another waits with that one. */
  void written(List<KeyUsage> usage) {
    for (KeyUsage one : usage) {
      int row = find(one.keyId());
      SortedMap<Long, Long> further = furtherHours.get(one.keyId());
      if (further == null) {
        requests[row] = 0;
        waiting--;
      } else {
        hours[row] = further.firstKey();
        requests[row] = requireNonNull(further.remove(hours[row]));
        furtherCounts--;
        if (further.isEmpty()) {
          furtherHours.remove(one.keyId());
        }
      }
    }
  }
}
