// SPDX-License-Identifier: Apache-2.0
/** Measurements, and what they need. Nothing here is part of the normal test run. */
@NullMarked
package dev.maglatch.benchmarks;

import org.jspecify.annotations.NullMarked;
