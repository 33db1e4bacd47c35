// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.manage;

import dev.maglatch.secret.Secret;
import org.jspecify.annotations.Nullable;

/** Where a key's events go from now on; both null if nowhere. */
public record WebhookChange(@Nullable String url, @Nullable Secret secret) {}
