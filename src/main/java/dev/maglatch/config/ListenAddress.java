// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.config;

import dev.maglatch.settings.Section;

/**
 * Where a listener waits for connections.
 *
 * @param port 0 takes any free one
 */
public record ListenAddress(String host, int port) {
  static final int MAX_PORT = 65_535;
  static final String EVERYWHERE = "0.0.0.0";

  static ListenAddress read(Section section, int defaultPort) {
    return new ListenAddress(
        section.text("host", EVERYWHERE), section.integer("port", defaultPort, 0, MAX_PORT));
  }
}
