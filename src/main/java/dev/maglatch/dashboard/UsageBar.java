// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.dashboard;

import dev.maglatch.usage.HourlyRequests;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/**
 * The requests of the last hours, one column for each.
 *
 * @param label what the picture says, for those who do not see it
 */
record UsageBar(List<Column> columns, int width, int height, String label) {
  /** How many hours the bar in a list has. */
  static final int HOURS = 36;

  private static final int STEP = 4;
  private static final int HEIGHT = 24;

  /** A column; {@code height} is 1 for an hour without a request. */
  record Column(int x, int y, int height, boolean empty, String title) {}

  /** Returns the first hour of a bar that ends with the hour of {@code now}. */
  static Instant from(Instant now, int hours) {
    return now.truncatedTo(ChronoUnit.HOURS).minus(Duration.ofHours(hours - 1L));
  }

  /** Draws the hours of one key out of those of many. */
  static UsageBar of(UUID key, List<HourlyRequests> all, Instant now) {
    long[] requests = counts(key, all, now, HOURS);
    long most = 1;
    long total = 0;
    for (long count : requests) {
      most = Math.max(most, count);
      total += count;
    }
    List<Column> columns = new ArrayList<>();
    Instant from = from(now, HOURS);
    for (int i = 0; i < HOURS; i++) {
      int height = Math.max(1, (int) Math.ceil((double) requests[i] * HEIGHT / most));
      String title = requests[i] + " at " + Moment.of(from.plus(Duration.ofHours(i)), now).exact();
      columns.add(new Column(i * STEP, HEIGHT - height, height, requests[i] == 0, title));
    }
    String label = total + (total == 1 ? " request" : " requests") + " in the last 36 hours";
    return new UsageBar(columns, HOURS * STEP, HEIGHT, label);
  }

  /** Returns the requests of each hour, the last one that of {@code now}. */
  static long[] counts(UUID key, List<HourlyRequests> all, Instant now, int hours) {
    long[] counts = new long[hours];
    Instant from = from(now, hours);
    for (HourlyRequests one : all) {
      long index = Duration.between(from, one.hour()).toHours();
      if (one.keyId().equals(key) && index >= 0 && index < hours) {
        counts[(int) index] += one.requests();
      }
    }
    return counts;
  }
}
