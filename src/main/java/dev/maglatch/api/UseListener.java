// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.api;

import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Is told of every accepted use of a key on an own route. Never blocks, never throws. */
@FunctionalInterface
public interface UseListener {
  UseListener NONE = (keyId, address, userAgent) -> {};

  void used(UUID keyId, @Nullable String address, @Nullable String userAgent);
}
