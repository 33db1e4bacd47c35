// SPDX-License-Identifier: Apache-2.0
/**
 * The web pages under {@code /dashboard/}, for the cookie session of an account. Every page is made
 * here and works without a script; scripts only make it smoother.
 *
 * <p>Layer 3. Runs on the request's event loop and never blocks it; pages come from templates that
 * were compiled with the rest ({@code src/main/jte}), files from memory.
 */
@NullMarked
package dev.maglatch.dashboard;

import org.jspecify.annotations.NullMarked;
