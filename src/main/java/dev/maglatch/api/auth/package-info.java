// SPDX-License-Identifier: Apache-2.0
/**
 * The routes of sessions under {@code /auth/v1}: tokens, sign-up, cookie.
 *
 * <p>Layer 3. Runs on the request's event loop; passwords are hashed elsewhere.
 */
@NullMarked
package dev.maglatch.api.auth;

import org.jspecify.annotations.NullMarked;
