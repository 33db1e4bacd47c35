// SPDX-License-Identifier: Apache-2.0
/**
 * Secrets that cannot print themselves, and the keys derived from the master secret.
 *
 * <p>Layer 0. Immutable and safe on any thread.
 */
@NullMarked
package dev.maglatch.secret;

import org.jspecify.annotations.NullMarked;
