// SPDX-License-Identifier: Apache-2.0
/**
 * The domain: keys, their tokens and hashes, and the rules about them. No I/O, no Vert.x.
 *
 * <p>Layer 1. Everything is immutable or safe on any thread.
 */
@NullMarked
package dev.maglatch.key;

import org.jspecify.annotations.NullMarked;
