// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.ops;

import static java.util.Objects.requireNonNull;

/**
 * Where operators reach this replica.
 *
 * @param host address to listen on
 * @param port 0 takes a free one
 */
public record OpsConfig(String host, int port) {
  public OpsConfig {
    requireNonNull(host, "host");
  }
}
