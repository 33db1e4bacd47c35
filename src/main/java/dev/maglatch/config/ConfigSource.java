// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.config;

import dev.maglatch.settings.Settings;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Where the settings of a gateway come from, so that they can be read again. */
public interface ConfigSource {
  /** Returns the file that is read beside the environment; null for none. */
  @Nullable Path file();

  /** Reads everything anew, as the start did. Blocks; never throws for what it reads. */
  Reading read();

  /**
   * What was read.
   *
   * @param config fit for use only if there are no problems
   * @param problems all that is wrong, a line each
   */
  record Reading(GatewayConfig config, Settings settings, List<String> problems) {
    public Reading {
      problems = List.copyOf(problems);
    }
  }
}
