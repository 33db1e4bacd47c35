// SPDX-License-Identifier: Apache-2.0
/**
 * The composition root: puts the packages together and knows them all.
 *
 * <p>Layer 5.
 */
@NullMarked
package dev.maglatch;

import org.jspecify.annotations.NullMarked;
