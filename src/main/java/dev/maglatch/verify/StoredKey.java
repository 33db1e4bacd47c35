// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.verify;

import dev.maglatch.key.Principal;
import dev.maglatch.key.TokenHash;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * What the store knows about one key, as far as a verdict needs it.
 *
 * @param principal whom the key speaks for while it is good
 * @param storedHash the peppered hash the row was found by
 * @param expiresAt null: never
 * @param revokedAt null: not revoked
 * @param revokeAfter end of the grace period of a rotated key; null: not rotated
 * @param ownerDisabled whether its account or service account is switched off
 */
public record StoredKey(
    Principal principal,
    TokenHash storedHash,
    @Nullable Instant expiresAt,
    @Nullable Instant revokedAt,
    @Nullable Instant revokeAfter,
    boolean ownerDisabled) {}
