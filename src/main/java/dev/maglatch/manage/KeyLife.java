// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.manage;

import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * When a key began and ended, in database time.
 *
 * @param revokedAt since when it is revoked, also by the end of its grace period
 * @param revokeAfter end of the grace period of a rotated key
 * @param successorId the key that replaced it
 * @param active whether it was good when this was read: not revoked and not expired
 * @param suspended whether it was refused all the same: its account or service account is disabled
 */
public record KeyLife(
    Instant createdAt,
    @Nullable Instant revokedAt,
    @Nullable Instant revokeAfter,
    @Nullable UUID successorId,
    boolean active,
    boolean suspended) {}
