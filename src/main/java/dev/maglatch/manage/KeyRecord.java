// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.manage;

import dev.maglatch.key.KeyKind;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * One key as its owner sees it: without its token, which is kept nowhere.
 *
 * @param prefix the part of the token that may be shown
 * @param webhook null if its events go nowhere
 */
public record KeyRecord(
    UUID id,
    KeyKind kind,
    String prefix,
    KeyOwner owner,
    KeySettings settings,
    KeyLife life,
    @Nullable KeyWebhook webhook,
    KeyUse use) {}
