// SPDX-License-Identifier: Apache-2.0
/**
 * Sessions: sign-in by password, refresh tokens, cookies, our own JWTs and those of outside
 * issuers.
 *
 * <p>Layer 2. No HTTP routes and no SQL: {@code api.auth} is the façade, {@code postgres}
 * implements the ports. Everything is shared by all event loops and safe for concurrent use.
 * Nothing blocks, except {@link dev.maglatch.session.PasswordHash}, which is for worker threads and
 * the command line.
 */
@NullMarked
package dev.maglatch.session;

import org.jspecify.annotations.NullMarked;
