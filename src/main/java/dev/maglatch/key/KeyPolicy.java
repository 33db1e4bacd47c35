// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.key;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Limits that one key carries.
 *
 * @param allowedIps CIDR ranges the client address must be in; null allows every address
 * @param rateLimit null sets none
 */
public record KeyPolicy(@Nullable List<String> allowedIps, @Nullable RateLimit rateLimit) {
  public static final KeyPolicy NONE = new KeyPolicy(null, null);

  public KeyPolicy {
    allowedIps = allowedIps == null ? null : List.copyOf(allowedIps);
  }

  /** At most {@code limit} requests in {@code windowSeconds}. */
  public record RateLimit(int limit, int windowSeconds) {}
}
