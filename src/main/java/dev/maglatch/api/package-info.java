// SPDX-License-Identifier: Apache-2.0
/**
 * The gateway's own routes: what every dialect shares. A dialect is decode, use case, render.
 *
 * <p>Layer 3. A request arrives paused, after the proxy's strict gate. Everything about one request
 * runs on its event loop; tables and rules are immutable and shared by all loops. Nothing blocks.
 */
@NullMarked
package dev.maglatch.api;

import org.jspecify.annotations.NullMarked;
