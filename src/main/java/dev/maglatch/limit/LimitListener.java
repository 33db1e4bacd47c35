// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.limit;

import dev.maglatch.key.Principal;

/**
 * Hears that a key has reached its limit: with the first request that is refused in a window, once
 * a window on each replica. Called on event loops; must not block or fail.
 */
@FunctionalInterface
public interface LimitListener {
  LimitListener NONE = key -> {};

  /** Takes the news; the key id of {@code key} is not null. */
  void reached(Principal key);
}
