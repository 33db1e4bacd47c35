// SPDX-License-Identifier: Apache-2.0
/**
 * The data plane: takes a request from the public listener through the strict gate, the route table
 * and the verdict to an upstream, and streams both ways.
 *
 * <p>Layer 3. Everything that handles requests lives on one event loop and is not shared; the
 * configuration records are immutable. Nothing blocks.
 */
@NullMarked
package dev.maglatch.proxy;

import org.jspecify.annotations.NullMarked;
