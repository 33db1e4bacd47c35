// SPDX-License-Identifier: Apache-2.0
/**
 * Events for those who hold keys: what is sent, to whom, and how it is signed.
 *
 * <p>Layer 2.
 */
@NullMarked
package dev.maglatch.webhook;

import org.jspecify.annotations.NullMarked;
