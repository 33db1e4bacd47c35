// SPDX-License-Identifier: Apache-2.0
/**
 * All settings of a gateway, composed of the records beside each feature.
 *
 * <p>Layer 4. Read once, by one thread, before a socket opens; the records are immutable.
 */
@NullMarked
package dev.maglatch.config;

import org.jspecify.annotations.NullMarked;
