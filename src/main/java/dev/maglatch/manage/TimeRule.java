// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.manage;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import org.jspecify.annotations.Nullable;

/** What a time that somebody wrote must be, to be stored and given back with a year of 4 digits. */
public final class TimeRule {
  private static final Instant EARLIEST = Instant.parse("0001-01-01T00:00:00Z");
  private static final Instant LATEST = Instant.parse("9999-12-31T23:59:59Z");

  private TimeRule() {}

  /** Returns the time that {@code text} says, with its offset; null if it says none in bounds. */
  public static @Nullable Instant parsed(String text) {
    try {
      Instant time = OffsetDateTime.parse(text).toInstant();
      return clamped(time).equals(time) ? time : null;
    } catch (DateTimeException noSuchTime) {
      return null;
    }
  }

  /** Returns the time in bounds that is next to {@code time}; {@code infinity} is out of them. */
  public static Instant clamped(Instant time) {
    return time.isBefore(EARLIEST) ? EARLIEST : time.isAfter(LATEST) ? LATEST : time;
  }
}
