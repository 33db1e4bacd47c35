// SPDX-License-Identifier: Apache-2.0
/**
 * Replicas agree on what has changed: change feed, leases, acknowledged revocation.
 *
 * <p>Layer 2. {@link dev.maglatch.cluster.Lease} decides and does no I/O; {@link
 * dev.maglatch.cluster.Replica} drives it with timers and the {@link
 * dev.maglatch.cluster.ChangeFeed}. The rules are those of src/docs/architecture.md, by number.
 */
@NullMarked
package dev.maglatch.cluster;

import org.jspecify.annotations.NullMarked;
