// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.faults;

import java.util.UUID;

/** One key of a test. */
record TestKey(UUID id, String token) {}
