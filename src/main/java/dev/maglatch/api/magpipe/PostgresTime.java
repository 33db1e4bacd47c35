// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.api.magpipe;

import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.time.temporal.ChronoField;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Writes times as PostgreSQL's {@code to_json(timestamptz)} does in UTC. */
final class PostgresTime {
  private static final DateTimeFormatter TO_JSON =
      new DateTimeFormatterBuilder()
          .appendPattern("uuuu-MM-dd'T'HH:mm:ss")
          .appendFraction(ChronoField.MICRO_OF_SECOND, 0, 6, true)
          .appendLiteral("+00:00")
          .toFormatter(Locale.ROOT)
          .withZone(ZoneOffset.UTC);

  private PostgresTime() {}

  static @Nullable String text(@Nullable Instant instant) {
    return instant == null ? null : TO_JSON.format(instant);
  }
}
