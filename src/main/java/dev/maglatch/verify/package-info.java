// SPDX-License-Identifier: Apache-2.0
/**
 * Decides whether a credential is good.
 *
 * <p>Layer 2. Everything here is shared by all event loops and safe for concurrent use. Nothing
 * blocks; a future returned to a caller on an event loop completes on that same event loop.
 */
@NullMarked
package dev.maglatch.verify;

import org.jspecify.annotations.NullMarked;
