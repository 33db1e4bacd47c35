// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.manage;

import org.jspecify.annotations.Nullable;

/**
 * A revocation that counts on every replica.
 *
 * @param confirmation null exactly if the key is {@link RevokeOutcome#UNKNOWN}
 */
public record Revocation(RevokeOutcome outcome, @Nullable Confirmation confirmation) {}
