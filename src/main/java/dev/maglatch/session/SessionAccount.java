// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.session;

import dev.maglatch.key.KeyPolicy;
import dev.maglatch.key.Principal;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * What sessions need to know of an account.
 *
 * @param email lower-case
 * @param passwordHash null for an account that cannot sign in by password
 * @param disabled whether every sign-in and session of it is refused
 */
public record SessionAccount(
    UUID id,
    String email,
    String userRecordId,
    UUID organizationId,
    boolean owner,
    @Nullable String passwordHash,
    boolean disabled,
    Instant createdAt,
    Instant updatedAt) {

  /** Returns who a session of this account speaks for. */
  Principal principal(@Nullable UUID family) {
    return new Principal(
        Principal.Method.SESSION,
        null,
        null,
        id,
        organizationId,
        null,
        Set.of(),
        List.of(),
        family,
        owner,
        KeyPolicy.NONE);
  }

  /** Does not show the password's hash. */
  @Override
  public String toString() {
    return "SessionAccount(" + id + ")";
  }
}
