// SPDX-License-Identifier: Apache-2.0
/** What tests of any package may use: processes, connections, and a network that misbehaves. */
@NullMarked
package dev.maglatch.testing;

import org.jspecify.annotations.NullMarked;
