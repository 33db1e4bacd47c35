// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.usage;

import io.vertx.core.Future;
import java.time.Instant;
import java.util.List;
import java.util.UUID;

/** How many requests keys have had, by hour. */
@FunctionalInterface
public interface UsageHistory {
  /**
   * Returns the hours in which one of {@code keys} was used, oldest first; hours without a request
   * are left out. Fails with {@code STORE_UNAVAILABLE} when the store does not answer in time.
   *
   * @param from the first hour
   */
  Future<List<HourlyRequests>> since(List<UUID> keys, Instant from);
}
