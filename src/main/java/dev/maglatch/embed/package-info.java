// SPDX-License-Identifier: Apache-2.0
/**
 * The verifier for Vert.x applications that embed it: an {@code AuthenticationProvider} and an
 * {@code AuthenticationHandler}.
 *
 * <p>Layer 3. Nothing in the gateway itself uses it. Everything here is immutable and safe on any
 * thread; a future completes on the caller's context.
 */
@NullMarked
package dev.maglatch.embed;

import org.jspecify.annotations.NullMarked;
