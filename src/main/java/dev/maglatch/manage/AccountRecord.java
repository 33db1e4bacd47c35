// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.manage;

import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Somebody who holds keys.
 *
 * @param email in lower case, unique
 * @param userRecordId {@code rec} and 14 base62 characters: the id that MagicPost clients know
 * @param disabledAt null while the account may be used
 */
public record AccountRecord(
    UUID id,
    String email,
    String userRecordId,
    UUID organizationId,
    Role role,
    Instant createdAt,
    @Nullable Instant disabledAt) {}
