// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.manage;

import dev.maglatch.key.TokenHash;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A key that is about to be stored.
 *
 * @param command what was asked for
 * @param hash the peppered hash of its token
 * @param pepper fingerprint of the pepper in {@code hash}
 * @param webhook null for none
 * @param cap most active keys of this kind that its owner may have; 0 for no cap
 */
public record NewKey(
    UUID id,
    CreateKey command,
    String prefix,
    TokenHash hash,
    String pepper,
    @Nullable KeyWebhook webhook,
    int cap) {}
