// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.config;

import dev.maglatch.settings.Section;

/**
 * Whether and where one dialect's routes are.
 *
 * @param base path before the routes: starts with a slash and ends with none
 */
public record DialectConfig(boolean enabled, String base) {
  static DialectConfig read(Section dialect, String defaultBase) {
    String base = dialect.text("base", defaultBase);
    if (!base.matches("(/[A-Za-z0-9._~-]+)+") || base.matches(".*/\\.{1,2}(/.*)?")) {
      dialect.problem("base", "a path such as " + defaultBase);
      base = defaultBase;
    }
    return new DialectConfig(dialect.flag("enabled", true), base);
  }
}
