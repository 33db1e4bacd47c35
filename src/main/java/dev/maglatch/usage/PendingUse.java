// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.usage;

import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** What the uses of one key since the last flush amount to. Not safe for use by two threads. */
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
    if (epochMillis >= usedAt) {
      usedAt = epochMillis;
      address = ip;
      userAgent = agent;
    }
    long usedIn = Math.floorDiv(epochMillis, MILLIS_PER_HOUR);
    if (usedIn == hour) {
      requests++;
    } else {
      countOtherHour(usedIn);
    }
  }

  private void countOtherHour(long usedIn) {
    if (otherHours == null) {
      otherHours = new HashMap<>();
    }
    otherHours.merge(usedIn, 1L, Long::sum);
  }

  /** Returns the number of uses gathered here. */
  long uses() {
    long sum = requests;
    if (otherHours != null) {
      for (long count : otherHours.values()) {
        sum += count;
      }
    }
    return sum;
  }

  /** Returns the latest use, its texts made fit for storing. */
  LastUse lastUse(UUID keyId) {
    return new LastUse(
        keyId,
        Instant.ofEpochMilli(usedAt),
        StoredText.scrub(address),
        StoredText.scrub(userAgent));
  }

  /** Returns how many requests fell into each hour. */
  List<HourlyRequests> hourlyRequests(UUID keyId) {
    HourlyRequests usual = new HourlyRequests(keyId, startOf(hour), requests);
    if (otherHours == null) {
      return List.of(usual);
    }
    List<HourlyRequests> all = new ArrayList<>(List.of(usual));
    otherHours.forEach((other, count) -> all.add(new HourlyRequests(keyId, startOf(other), count)));
    return all;
  }

  private static Instant startOf(long hour) {
    return Instant.ofEpochMilli(hour * MILLIS_PER_HOUR);
  }
}
