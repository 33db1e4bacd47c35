// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.manage;

import dev.maglatch.key.KeyKind;
import dev.maglatch.key.TokenHash;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * One key of another system, checked as far as that goes without the database.
 *
 * @param line of the file it came from, for what is said about it
 * @param email of the account that will hold it, in lower case
 * @param sha256 of the token, which need not be known itself
 * @param prefix the part of the token that may be shown
 * @param createdAt null for now
 * @param lastUsedAt null for never
 * @param scope of an organization key, else null
 * @param expiresAt of an organization key; null for never
 */
public record ImportedKey(
    int line,
    String email,
    KeyKind kind,
    @Nullable String name,
    TokenHash sha256,
    String prefix,
    @Nullable Instant createdAt,
    @Nullable Instant lastUsedAt,
    @Nullable String scope,
    @Nullable Instant expiresAt) {}
