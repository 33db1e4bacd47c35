// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.manage;

import org.jspecify.annotations.Nullable;

/**
 * A key after a change of its settings.
 *
 * @param confirmation null if only its name or its description was changed
 */
public record KeyUpdate(KeyRecord key, @Nullable Confirmation confirmation) {}
