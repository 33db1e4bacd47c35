// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.config;

import dev.maglatch.settings.Section;

/**
 * The threads that serve requests.
 *
 * @param count at least 1
 */
public record EventLoops(int count, SocketTransport transport) {
  private static final int MOST = 256;

  static EventLoops read(Section root) {
    int cores = Math.min(Runtime.getRuntime().availableProcessors(), MOST);
    int wanted = root.integer("event-loops", 0, 0, MOST);
    SocketTransport transport = root.choice("transport", SocketTransport.NIO);
    String obstacle = transport.obstacle();
    if (obstacle != null) {
      root.problem("transport", "nio, since " + obstacle);
    }
    return new EventLoops(wanted == 0 ? cores : wanted, transport);
  }
}
