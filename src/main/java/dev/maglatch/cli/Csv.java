// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.cli;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Comma-separated values as RFC 4180 has them: quotes, doubled quotes, line breaks in quotes. */
final class Csv {
  private final String text;
  private int at;
  private int line = 1;

  private Csv(String text) {
    this.text = text;
  }

  /**
   * One record.
   *
   * @param line where it begins, from 1
   * @param broken what is wrong with its quotes; null if nothing
   */
  record Line(int line, List<String> cells, @Nullable String broken) {}

  /** Reads all records. Empty lines are left out. */
  static List<Line> read(String text) {
    Csv csv = new Csv(text.startsWith("\uFEFF") ? text.substring(1) : text);
    List<Line> lines = new ArrayList<>();
    while (csv.at < csv.text.length()) {
      Line next = csv.next();
      if (next.cells().size() > 1 || !next.cells().get(0).isEmpty()) {
        lines.add(next);
      }
    }
    return lines;
  }

  /** Writes one record, without a line break. */
  static String write(List<@Nullable String> cells) {
    StringBuilder line = new StringBuilder();
    for (int i = 0; i < cells.size(); i++) {
      String cell = cells.get(i);
      line.append(i == 0 ? "" : ",").append(cell == null ? "" : quoted(cell));
    }
    return line.toString();
  }

  private static String quoted(String cell) {
    boolean plain = cell.chars().noneMatch(c -> c == ',' || c == '"' || c == '\n' || c == '\r');
    return plain ? cell : '"' + cell.replace("\"", "\"\"") + '"';
  }

  private Line next() {
    int begin = line;
    List<String> cells = new ArrayList<>();
    String broken = null;
    do {
      if (at < text.length() && text.charAt(at) == '"') {
        StringBuilder cell = new StringBuilder();
        broken = quotedCell(cell) && broken == null ? null : "a quote is not closed or misplaced";
        cells.add(cell.toString());
      } else {
        cells.add(plainCell());
      }
    } while (skip(','));
    skip('\r');
    if (!skip('\n') && at < text.length()) {
      broken = "a quote is not closed or misplaced";
      plainLine();
    }
    line++;
    return new Line(begin, cells, broken);
  }

  private String plainCell() {
    int start = at;
    while (at < text.length() && ",\r\n".indexOf(text.charAt(at)) < 0) {
      at++;
    }
    return text.substring(start, at);
  }

  /** Returns whether the quote was closed. */
  private boolean quotedCell(StringBuilder cell) {
    at++;
    while (at < text.length()) {
      char c = text.charAt(at++);
      if (c != '"') {
        line += c == '\n' ? 1 : 0;
        cell.append(c);
      } else if (!skip('"')) {
        return true;
      } else {
        cell.append('"');
      }
    }
    return false;
  }

  private void plainLine() {
    while (at < text.length() && text.charAt(at) != '\n') {
      at++;
    }
    skip('\n');
  }

  private boolean skip(char expected) {
    boolean there = at < text.length() && text.charAt(at) == expected;
    at += there ? 1 : 0;
    return there;
  }
}
