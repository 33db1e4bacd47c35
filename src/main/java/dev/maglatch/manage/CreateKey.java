// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.manage;

import dev.maglatch.key.KeyKind;
import org.jspecify.annotations.Nullable;

/**
 * The command to make a key. Its texts have been checked by the dialect.
 *
 * @param webhookUrl null for none
 */
public record CreateKey(
    KeyKind kind, KeyOwner owner, KeySettings settings, @Nullable String webhookUrl) {}
