// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.cluster;

import dev.maglatch.settings.Section;
import java.time.Duration;

/**
 * How long a replica may believe its cache without hearing from the database.
 *
 * @param lease how long one renewal is good for
 * @param renewal time between renewals; at most a third of the lease, so that two may fail
 * @param maxChanges more changes than this at once drop the whole cache instead
 */
public record ClusterConfig(Duration lease, Duration renewal, int maxChanges) {
  private static final int RENEWALS_IN_A_LEASE = 3;

  public static final ClusterConfig DEFAULT =
      new ClusterConfig(Duration.ofSeconds(3), Duration.ofSeconds(1), 1_000);

  /** Reads {@code cluster.*}. */
  public static ClusterConfig read(Section cluster) {
    ClusterConfig config =
        new ClusterConfig(
            cluster.duration("lease", DEFAULT.lease),
            cluster.duration("renewal", DEFAULT.renewal),
            cluster.integer("max-changes", DEFAULT.maxChanges, 1, 1_000_000));
    if (config.renewal.multipliedBy(RENEWALS_IN_A_LEASE).compareTo(config.lease) > 0) {
      cluster.problem("renewal", "at most a third of cluster.lease");
    }
    return config;
  }

  /**
   * How long one renewal may take: so little that after a failed one there is time for another
   * within the lease, and that a database that is back is found within one renewal time (rule 7).
   */
  public Duration renewalTimeout() {
    return renewal;
  }
}
