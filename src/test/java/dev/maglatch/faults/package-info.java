// SPDX-License-Identifier: Apache-2.0
/**
 * What happens when something breaks, over real processes: gateways in JVMs of their own, a
 * PostgreSQL server, and our own relay between them. One test for each row of
 * src/docs/failure-modes.md.
 */
@NullMarked
package dev.maglatch.faults;

import org.jspecify.annotations.NullMarked;
