// SPDX-License-Identifier: Apache-2.0
/**
 * The Magpipe dialect: one POST route with an {@code action}, flat errors, PostgreSQL's times.
 *
 * <p>Layer 3. Decodes, calls {@code manage}, renders; knows no rule of its own about keys.
 */
@NullMarked
package dev.maglatch.api.magpipe;

import org.jspecify.annotations.NullMarked;
