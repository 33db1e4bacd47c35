// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.config;

import java.util.Map;

/** What the settings are read for, which decides what must be set and what some defaults are. */
public enum Mode {
  /** A gateway in earnest: the database and the secrets must be named. */
  SERVE,
  /** A gateway to try things with: what is missing is made. */
  DEV,
  /** Work on the database alone. */
  MAINTENANCE;

  private static final Map<String, String> DEVELOPMENT =
      Map.of(
          "http.docs", "true",
          "http.drain-delay", "0s",
          "http.drain-timeout", "3s",
          "sessions.signup", "true");

  /** Returns the defaults that differ in this mode, by dotted name. */
  public Map<String, String> defaults() {
    return this == DEV ? DEVELOPMENT : Map.of();
  }
}
