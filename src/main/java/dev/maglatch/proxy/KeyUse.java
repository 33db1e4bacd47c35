// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Hears of every accepted use of a key. Called on event loops; must not block or fail. */
public interface KeyUse {
  KeyUse NONE = (keyId, atMillis, address, userAgent) -> {};

  void touch(UUID keyId, long atMillis, @Nullable String address, @Nullable String userAgent);
}
