// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.dashboard;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;

/** A table for spreadsheets, as RFC 4180 has it. */
final class Csv {
  private static final String RISKY = "=+-@\t\r";

  private final StringBuilder text = new StringBuilder();

  Csv(String... header) {
    line(header);
  }

  void line(String... cells) {
    for (int i = 0; i < cells.length; i++) {
      text.append(i == 0 ? "" : ",").append(quoted(cells[i]));
    }
    text.append("\r\n");
  }

  /** Returns the table as a file to be kept. */
  Reply reply(String fileName) {
    return new Reply(200, HttpHeaders.headers(), Buffer.buffer(text.toString()))
        .with(HttpHeaders.CONTENT_TYPE, "text/csv; charset=utf-8")
        .with(HttpHeaders.CONTENT_DISPOSITION, "attachment; filename=\"" + fileName + "\"");
  }

  /** What a spreadsheet would take for a formula is marked as text. */
  private static String quoted(String cell) {
    String safe = !cell.isEmpty() && RISKY.indexOf(cell.charAt(0)) >= 0 ? "'" + cell : cell;
    return '"' + safe.replace("\"", "\"\"") + '"';
  }
}
