// SPDX-License-Identifier: Apache-2.0
/**
 * What operators see: metrics, health, logs, and the listener that serves them.
 *
 * <p>Layer 4. The metric interfaces of the other packages are implemented here, every name stands
 * in {@link dev.maglatch.ops.Metric}. Counting is safe on any thread and never blocks; nothing here
 * touches the database.
 */
@NullMarked
package dev.maglatch.ops;

import org.jspecify.annotations.NullMarked;
