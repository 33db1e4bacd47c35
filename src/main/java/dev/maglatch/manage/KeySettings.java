// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.manage;

import dev.maglatch.key.KeyPolicy;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * What the owner of a key decides about it.
 *
 * @param name 1 to 64 code points; null only for a MagicPost key
 * @param scope {@code read} or {@code read-write} for an organization key, else null
 * @param expiresAt null for never; organization keys only
 */
public record KeySettings(
    @Nullable String name,
    @Nullable String description,
    @Nullable String scope,
    @Nullable Instant expiresAt,
    KeyPolicy policy) {

  /** Settings of a key that has a name only. */
  public static KeySettings named(@Nullable String name) {
    return new KeySettings(name, null, null, null, KeyPolicy.NONE);
  }
}
