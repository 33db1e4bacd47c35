// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.manage;

import dev.maglatch.secret.SealedText;
import org.jspecify.annotations.Nullable;

/**
 * Where a key's events go, and what they are signed with, sealed for the key's id.
 *
 * @param previous null unless the secret was replaced a short time ago
 */
public record KeyWebhook(String url, SealedText secret, @Nullable PreviousSecret previous) {}
