// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.config;

import dev.maglatch.settings.Section;
import java.time.Duration;

/**
 * The threads that serve requests.
 *
 * @param count at least 1
 * @param warmUp how long they practise before the gateway is ready; zero: not at all
 */
public record EventLoops(int count, SocketTransport transport, Duration warmUp) {
  private static final int MOST = 256;

  private static final Duration LONGEST_WARM_UP = Duration.ofMinutes(1);

  /**
   * @param warmUp the default
   */
  static EventLoops read(Section root, Duration warmUp) {
    int cores = Math.min(Runtime.getRuntime().availableProcessors(), MOST);
    int wanted = root.integer("event-loops", 0, 0, MOST);
    SocketTransport transport = root.choice("transport", SocketTransport.NIO);
    String obstacle = transport.obstacle();
    if (obstacle != null) {
      root.problem("transport", "nio, since " + obstacle);
    }
    return new EventLoops(
        wanted == 0 ? cores : wanted,
        transport,
        root.duration("warm-up", warmUp, Duration.ZERO, LONGEST_WARM_UP));
  }
}
