// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.manage;

import dev.maglatch.key.KeyKind;
import dev.maglatch.key.KeyPolicy;
import dev.maglatch.key.TokenHash;
import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * One key of another system, or of another database of this one, checked as far as that goes
 * without the database.
 *
 * @param line of the file it came from, for what is said about it
 * @param email of the account that will hold it, in lower case
 * @param hash SHA-256 of the token, which need not be known itself; or what {@code pepper} made of
 *     that
 * @param pepper fingerprint of the pepper in {@code hash}; null for none
 * @param prefix the part of the token that may be shown
 * @param createdAt null for now
 * @param lastUsedAt null for never
 * @param scope of an organization key, else null
 * @param expiresAt of an organization key; null for never
 * @param rest what only an export of ours has
 */
public record ImportedKey(
    int line,
    String email,
    KeyKind kind,
    @Nullable String name,
    TokenHash hash,
    @Nullable String pepper,
    String prefix,
    @Nullable Instant createdAt,
    @Nullable Instant lastUsedAt,
    @Nullable String scope,
    @Nullable Instant expiresAt,
    Rest rest) {

  /**
   * What other systems do not know of a key.
   *
   * @param id null for a new one
   * @param revokedAt null unless it is revoked
   * @param revokeAfter end of the grace period of a rotated key
   */
  public record Rest(
      @Nullable UUID id,
      @Nullable String description,
      KeyPolicy policy,
      @Nullable Instant revokedAt,
      @Nullable Instant revokeAfter) {}
}
