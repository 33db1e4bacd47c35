// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.config;

import dev.maglatch.settings.Section;

/**
 * What the log looks like.
 *
 * @param access whether every request on the public listener leaves a line
 */
public record LogConfig(Format format, boolean access) {
  static LogConfig read(Section log) {
    return new LogConfig(log.choice("format", Format.TEXT), log.flag("access", true));
  }

  /** How one line is written. */
  public enum Format {
    /** For people. */
    TEXT,
    /** For machines: one JSON object on each line. */
    JSON
  }
}
