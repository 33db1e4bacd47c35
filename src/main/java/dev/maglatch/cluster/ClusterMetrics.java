// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.cluster;

/** Counts what keeps the replicas together. Alert when renewals fail or the lease is not held. */
public interface ClusterMetrics {
  ClusterMetrics NONE = new ClusterMetrics() {};

  /** One renewal was answered or failed after {@code nanos} nanoseconds. */
  default void renewed(long nanos, boolean answered) {}

  /** {@code changes} changes were applied; negative: everything was dropped. */
  default void applied(int changes) {}

  /** A change was confirmed by all other replicas, or their leases ended, after {@code nanos}. */
  default void confirmed(long nanos, int acknowledged, int replicas, int expired) {}
}
