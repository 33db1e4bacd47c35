// SPDX-License-Identifier: Apache-2.0
/**
 * Many gateways and one database in one thread and in virtual time: proof of the protocol of
 * src/docs/architecture.md, "Revocation that is true when it is answered".
 *
 * <p>What runs in a {@link dev.maglatch.simulation.Gateway} is what runs in production: Lease,
 * Replica, Revocation, ChangeClock, KeyVerifier with its loads, and the adapters between them.
 * Time, network and database are simulated; the {@link dev.maglatch.simulation.Database} takes the
 * steps of the real statements (lock, snapshot, commit, flush to disk) one by one. A {@link
 * dev.maglatch.simulation.Schedule} is wholly determined by its seed.
 */
@NullMarked
package dev.maglatch.simulation;

import org.jspecify.annotations.NullMarked;
