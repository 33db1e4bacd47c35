// SPDX-License-Identifier: Apache-2.0
/**
 * Remembers when, whence and how often each key was used, off the hot path.
 *
 * <p>Layer 2. {@link dev.maglatch.usage.UsageRecorder#touch} may be called from any thread; what it
 * gathered is written once per interval through the port {@link dev.maglatch.usage.UsageStore}. A
 * crash loses at most one interval. The package has no handle on the key cache and none on the keys
 * themselves.
 */
@NullMarked
package dev.maglatch.usage;

import org.jspecify.annotations.NullMarked;
