// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.usage;

import static java.util.Objects.requireNonNull;

import java.util.Collections;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** What the uses of one key that are not yet written amount to. Not safe for use by two threads. */
final class PendingUse {
  private static final long MILLIS_PER_HOUR = 3_600_000;

  private long usedAt;
  private @Nullable String address;
  private @Nullable String userAgent;

  // Nearly always there is one hour; a second one only around its turn, or after failed flushes.
  private long hour;
  private long requests;
  private @Nullable Map<Long, Long> otherHours;

  PendingUse(long epochMillis) {
    usedAt = Long.MIN_VALUE;
    hour = Math.floorDiv(epochMillis, MILLIS_PER_HOUR);
  }

  /** Notes one use. */
  void note(long epochMillis, @Nullable String ip, @Nullable String agent) {
    moveTo(epochMillis, ip, agent);
    count(Math.floorDiv(epochMillis, MILLIS_PER_HOUR), 1);
  }

  private void moveTo(long epochMillis, @Nullable String ip, @Nullable String agent) {
    if (epochMillis >= usedAt) {
      usedAt = epochMillis;
      address = ip;
      userAgent = agent;
    }
  }

  private void count(long usedIn, long uses) {
    if (usedIn == hour) {
      requests += uses;
      return;
    }
    if (otherHours == null) {
      otherHours = new HashMap<>();
    }
    otherHours.merge(usedIn, uses, Long::sum);
  }

  /**
   * Adds what {@code other} has gathered of the same key.
   *
   * @param room how many hours may be added to those that are counted here
   * @return how many uses found no room
   */
  long add(PendingUse other, int room) {
    moveTo(other.usedAt, other.address, other.userAgent);
    int most = hours() + room;
    long dropped = 0;
    for (Map.Entry<Long, Long> count : other.counts().entrySet()) {
      if (hours() < most || counts().containsKey(count.getKey())) {
        count(count.getKey(), count.getValue());
      } else {
        dropped += count.getValue();
      }
    }
    return dropped;
  }

  private Map<Long, Long> counts() {
    if (otherHours == null) {
      return Map.of(hour, requests);
    }
    Map<Long, Long> all = new HashMap<>(otherHours);
    all.put(hour, requests);
    return all;
  }

  /** Returns in how many hours the uses were. */
  int hours() {
    return otherHours == null ? 1 : 1 + otherHours.size();
  }

  /** Returns the number of uses. */
  long uses() {
    return counts().values().stream().mapToLong(Long::longValue).sum();
  }

  /** Returns a row of the first hour and the latest use, its texts made fit for storing. */
  KeyUsage firstHour(UUID keyId) {
    Map.Entry<Long, Long> first =
        otherHours == null
            ? null
            : Collections.min(counts().entrySet(), Map.Entry.comparingByKey());
    return new KeyUsage(
        keyId,
        usedAt,
        StoredText.scrub(address),
        StoredText.scrub(userAgent),
        MILLIS_PER_HOUR * (first == null ? hour : first.getKey()),
        first == null ? requests : first.getValue());
  }

  /** Forgets the count of an hour; returns false, and keeps it, if there is no other. */
  boolean forget(long start) {
    if (otherHours == null) {
      return false;
    }
    long gone = start / MILLIS_PER_HOUR;
    if (gone == hour) {
      hour = otherHours.keySet().iterator().next();
      requests = requireNonNull(otherHours.remove(hour));
    } else {
      otherHours.remove(gone);
    }
    if (otherHours.isEmpty()) {
      otherHours = null;
    }
    return true;
  }
}
