// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import static dev.maglatch.http.SessionCookie.HOST_NAME;
import static dev.maglatch.http.SessionCookie.NAME;

/** The gateway's own session cookie, which no upstream may see or set. */
final class SessionCookie {
  private SessionCookie() {}

  /** Returns the {@code Cookie} field {@code line} without our cookie: perhaps empty. */
  static String without(String line) {
    if (!mentions(line)) {
      return line;
    }
    StringBuilder rest = new StringBuilder(line.length());
    for (String pair : line.split(";", -1)) {
      if (!isNamedIn(pair) && !pair.isBlank()) {
        rest.append(rest.isEmpty() ? "" : "; ").append(pair.strip());
      }
    }
    return rest.toString();
  }

  /**
   * Whether the first {@code name=value} of {@code pair} is our cookie, or what a browser will send
   * back as such: of a cookie without a name it sends the value alone.
   */
  static boolean isNamedIn(String pair) {
    String named = pair.strip();
    while (named.startsWith("=")) {
      named = named.substring(1).strip();
    }
    int equals = named.indexOf('=');
    String name = (equals < 0 ? named : named.substring(0, equals)).strip();
    return name.equalsIgnoreCase(NAME) || name.equalsIgnoreCase(HOST_NAME);
  }

  private static boolean mentions(String line) {
    int last = line.length() - NAME.length();
    for (int i = 0; i <= last; i++) {
      if (line.regionMatches(true, i, NAME, 0, NAME.length())) {
        return true;
      }
    }
    return false;
  }
}
