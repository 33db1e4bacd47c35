// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.postgres;

import dev.maglatch.fault.Fault;
import dev.maglatch.manage.TimeRule;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One row, read column by column. A value that cannot be understood, written by hand perhaps, is
 * told with its place, and is the trouble of its row alone.
 *
 * @param table whose row it is
 * @param key the column that names the row
 */
record Cells(String table, String key, Row row) {
  private static final Logger log = LoggerFactory.getLogger(Cells.class);

  private static final int LONGEST_REASON = 200;

  /**
   * Returns what {@code read} makes of a column. Fails with a {@link Fault} that names row and
   * column: {@link Fault.Code#STORE_UNAVAILABLE}, since nothing is known then.
   */
  <T> @Nullable T find(String column, Function<Row, ? extends @Nullable T> read) {
    try {
      return read.apply(row);
    } catch (RuntimeException unreadable) {
      throw unreadable(column, unreadable);
    }
  }

  /** Does the same with a column that must have a value. */
  <T> T get(String column, Function<Row, ? extends @Nullable T> read) {
    T value = find(column, read);
    if (value == null) {
      throw unreadable(column, null);
    }
    return value;
  }

  UUID uuid(String column) {
    return get(column, cell -> cell.getUUID(column));
  }

  @Nullable UUID uuidOrNull(String column) {
    return find(column, cell -> cell.getUUID(column));
  }

  String text(String column) {
    return get(column, cell -> cell.getString(column));
  }

  @Nullable String textOrNull(String column) {
    return find(column, cell -> cell.getString(column));
  }

  boolean flag(String column) {
    return get(column, cell -> cell.getBoolean(column));
  }

  Instant time(String column) {
    return get(column, cell -> instant(cell.getOffsetDateTime(column)));
  }

  @Nullable Instant timeOrNull(String column) {
    return find(column, cell -> instant(cell.getOffsetDateTime(column)));
  }

  /** Returns an array without NULL among its elements, or null. */
  @Nullable List<String> textsOrNull(String column) {
    return find(column, cell -> texts(cell.getArrayOfStrings(column)));
  }

  /** Returns every row that can be read; of the others the log tells. */
  static <T> List<T> readable(RowSet<Row> rows, Function<Row, T> read) {
    List<T> all = new ArrayList<>(rows.size());
    for (Row row : rows) {
      try {
        all.add(read.apply(row));
      } catch (Fault unreadable) {
        log.warn("row left out cause=\"{}\"", unreadable.getMessage());
      }
    }
    return all;
  }

  private static @Nullable List<String> texts(String @Nullable [] texts) {
    return texts == null ? null : List.copyOf(Arrays.asList(texts));
  }

  private static @Nullable Instant instant(@Nullable OffsetDateTime time) {
    if (time == null) {
      return null;
    }
    return TimeRule.clamped(time.toInstant());
  }

  private Fault unreadable(String column, @Nullable RuntimeException why) {
    String reason = why == null ? "NULL" : why.toString(); // it may repeat a huge value
    return Fault.of(
        Fault.Code.STORE_UNAVAILABLE,
        table
            + " row "
            + row.getValue(key)
            + ": column "
            + column
            + " cannot be understood: "
            + reason.substring(0, Math.min(reason.length(), LONGEST_REASON)),
        why);
  }
}
