// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.manage;

import static java.util.Objects.requireNonNull;

import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Whom a key belongs to.
 *
 * @param createdBy the account that made it
 * @param serviceAccountId the service account it speaks for; null if it speaks for its maker
 */
public record KeyOwner(UUID organizationId, UUID createdBy, @Nullable UUID serviceAccountId) {
  public KeyOwner {
    requireNonNull(organizationId, "organizationId");
    requireNonNull(createdBy, "createdBy");
  }

  /** Returns the account the key speaks for; null for a key of a service account. */
  public @Nullable UUID userId() {
    return serviceAccountId == null ? createdBy : null;
  }
}
