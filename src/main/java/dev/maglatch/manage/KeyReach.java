// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.manage;

import static java.util.Objects.requireNonNull;

import dev.maglatch.key.KeyKind;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Which keys somebody may see and change: those of one kind that speak for one account or service
 * account, or all of that kind in an organization. A key out of reach is as good as unknown.
 *
 * @param holderId the account or the service account; null reaches the whole organization
 */
public record KeyReach(KeyKind kind, UUID organizationId, @Nullable UUID holderId) {
  public KeyReach {
    requireNonNull(kind, "kind");
    requireNonNull(organizationId, "organizationId");
  }
}
