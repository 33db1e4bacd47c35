// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.dashboard;

import dev.maglatch.manage.KeyCatalog.Hour;
import dev.maglatch.usage.HourlyRequests;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.stream.LongStream;

/**
 * The requests of the last hours, one column for each.
 *
 * @param label what the picture says, for those who do not see it
 */
record UsageBar(List<Column> columns, int width, int height, String label) {
  /** How many hours the bar in a list has. */
  static final int HOURS = 36;

  /** How many hours the bar of a page has. */
  static final int WEEK = 168;

  private static final int STEP = 4;
  private static final int SMALL = 24;
  private static final int LARGE = 120;

  /** A column; {@code height} is 1 for an hour without a request. */
  record Column(int x, int y, int height, boolean empty) {}

  /** Returns the first hour of a bar that ends with the hour of {@code now}. */
  static Instant from(Instant now, int hours) {
    return now.truncatedTo(ChronoUnit.HOURS).minus(Duration.ofHours(hours - 1L));
  }

  /** Draws the last hours of one key out of those of many. */
  static UsageBar of(UUID key, List<HourlyRequests> all, Instant now) {
    return draw(counts(key, all, now, HOURS), SMALL, "the last 36 hours");
  }

  /** Draws the last week of the keys in {@code hours}. */
  static UsageBar week(List<HourlyRequests> hours, Instant now) {
    return weekOf(hours.stream().map(one -> new Hour(one.hour(), one.requests())).toList(), now);
  }

  static UsageBar weekOf(List<Hour> hours, Instant now) {
    long[] counts = new long[WEEK];
    Instant from = from(now, WEEK);
    for (Hour one : hours) {
      long index = Duration.between(from, one.start()).toHours();
      if (index >= 0 && index < WEEK) {
        counts[(int) index] += one.requests();
      }
    }
    return draw(counts, LARGE, "the last 7 days");
  }

  private static UsageBar draw(long[] requests, int full, String span) {
    long most = LongStream.of(requests).max().orElse(0);
    long total = LongStream.of(requests).sum();
    List<Column> columns = new ArrayList<>();
    for (int i = 0; i < requests.length; i++) {
      int height = Math.max(1, (int) Math.ceil((double) requests[i] * full / Math.max(1, most)));
      columns.add(new Column(i * STEP, full - height, height, requests[i] == 0));
    }
    String label =
        counted(total) + " in " + span + (most == 0 ? "" : ", at most " + most + " in an hour");
    return new UsageBar(columns, requests.length * STEP, full, label);
  }

  private static String counted(long requests) {
    return requests + (requests == 1 ? " request" : " requests");
  }

  /** Returns the requests of each hour, the last one that of {@code now}. */
  private static long[] counts(UUID key, List<HourlyRequests> all, Instant now, int hours) {
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
