// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.manage;

import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The command to make an account.
 *
 * @param passwordHash as the session package writes it; null for an account without a password
 * @param organizationId the organization it joins; null makes one with it
 */
public record CreateAccount(
    String email, @Nullable String passwordHash, @Nullable UUID organizationId, Role role) {}
