// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.dashboard;

import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * An instant as people read it.
 *
 * @param relative such as {@code 3 minutes ago} or {@code in 5 days}
 * @param exact to the second, in UTC
 * @param machine ISO 8601
 */
record Moment(String relative, String exact, String machine) {
  private static final DateTimeFormatter EXACT =
      DateTimeFormatter.ofPattern("d MMM uuuu, HH:mm:ss 'UTC'", Locale.ENGLISH)
          .withZone(ZoneOffset.UTC);
  private static final DateTimeFormatter DAY =
      DateTimeFormatter.ofPattern("d MMM uuuu", Locale.ENGLISH).withZone(ZoneOffset.UTC);
  private static final int DAYS_COUNTED = 60;

  static Moment of(Instant instant, Instant now) {
    return new Moment(relative(instant, now), EXACT.format(instant), instant.toString());
  }

  static @Nullable Moment orNull(@Nullable Instant instant, Instant now) {
    return instant == null ? null : of(instant, now);
  }

  private static String relative(Instant instant, Instant now) {
    Duration distance = Duration.between(instant, now);
    Duration length = distance.abs();
    if (length.toDays() > DAYS_COUNTED) {
      return DAY.format(instant);
    }
    if (length.toSeconds() < 10) {
      return "just now";
    }
    String text =
        length.toDays() > 0
            ? counted(length.toDays(), "day")
            : length.toHours() > 0
                ? counted(length.toHours(), "hour")
                : length.toMinutes() > 0
                    ? counted(length.toMinutes(), "minute")
                    : counted(length.toSeconds(), "second");
    return distance.isNegative() ? "in " + text : text + " ago";
  }

  private static String counted(long count, String unit) {
    return count + " " + unit + (count == 1 ? "" : "s");
  }
}
