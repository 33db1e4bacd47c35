// SPDX-License-Identifier: Apache-2.0
/**
 * The use cases of the management plane: accounts, organizations and keys. No HTTP, no SQL.
 *
 * <p>Layer 2. Everything is shared by all event loops and safe for concurrent use. Nothing blocks;
 * a future completes on the caller's context. What a caller can do wrong is a value; a failed
 * future is a {@link dev.maglatch.fault.Fault}.
 */
@NullMarked
package dev.maglatch.manage;

import org.jspecify.annotations.NullMarked;
