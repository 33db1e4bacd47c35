// SPDX-License-Identifier: Apache-2.0
/**
 * Settings from a YAML file, the environment and the command line, read into records.
 *
 * <p>Layer 0. A bad value never throws: it is noted, its default stands in, and everything that is
 * wrong is reported at once. Used by one thread while the process starts; nothing here is kept.
 */
@NullMarked
package dev.maglatch.settings;

import org.jspecify.annotations.NullMarked;
