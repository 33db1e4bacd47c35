// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.manage;

import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Something that is no person and holds keys.
 *
 * @param createdBy the account that made it
 * @param disabledAt null while its keys are good
 */
public record ServiceAccountRecord(
    UUID id,
    UUID organizationId,
    ServiceAccountSettings settings,
    UUID createdBy,
    @Nullable Instant disabledAt,
    Instant createdAt,
    Instant updatedAt) {}
