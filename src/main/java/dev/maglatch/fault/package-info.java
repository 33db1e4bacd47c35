// SPDX-License-Identifier: Apache-2.0
/**
 * What can go wrong, once for the caller and once for the log.
 *
 * <p>Layer 0: imports nothing of Maglatch. Everything here is immutable.
 */
@NullMarked
package dev.maglatch.fault;

import org.jspecify.annotations.NullMarked;
