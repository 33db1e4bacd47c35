// SPDX-License-Identifier: Apache-2.0
/**
 * Decides how often a key may be used.
 *
 * <p>Layer 2. Everything here is shared by all event loops and safe for concurrent use. Nothing
 * blocks, and no store is asked.
 */
@NullMarked
package dev.maglatch.limit;

import org.jspecify.annotations.NullMarked;
