// SPDX-License-Identifier: Apache-2.0
/**
 * Where upstreams publish events for the webhooks of an account.
 *
 * <p>Layer 3. On the listener for operators, and for who knows the token only.
 */
@NullMarked
package dev.maglatch.api.events;

import org.jspecify.annotations.NullMarked;
