// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.cluster;

import java.time.Instant;
import java.util.List;

/**
 * The answer to one renewal.
 *
 * @param feed names the database and its timeline: another value is another history
 * @param primary false while the server is in recovery: its answers may be old
 * @param newest the highest change number there is; 0 if none
 * @param gap whether changes after the one applied last are missing: too many, or pruned
 * @param changes every change after the one applied last, in order; empty with a gap
 * @param databaseTime the database's clock when it answered
 * @param replicas how many replicas hold a lease
 */
public record Renewal(
    String feed,
    boolean primary,
    long newest,
    boolean gap,
    List<Change> changes,
    Instant databaseTime,
    int replicas) {
  public Renewal {
    changes = List.copyOf(changes);
  }
}
