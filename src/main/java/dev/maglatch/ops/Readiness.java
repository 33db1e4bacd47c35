// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.ops;

import static java.util.Objects.requireNonNull;

import java.util.SortedSet;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Whether this replica wants traffic, and if not, why.
 *
 * <p>It goes from starting to ready to draining, and never back. A part that is degraded (such as
 * the database) does not make a ready replica unready. Safe for use by many threads.
 */
public final class Readiness {
  private Phase phase = Phase.STARTING;
  private @Nullable String reason = "starting";
  private final SortedSet<String> degraded = new TreeSet<>();

  /** Where a replica is in its life. */
  public enum Phase {
    STARTING("starting"),
    READY("ready"),
    DRAINING("draining");

    private final String text;

    Phase(String text) {
      this.text = text;
    }

    /** Returns the word that {@code /readyz} shows. */
    public String text() {
      return text;
    }
  }

  /**
   * What {@code /readyz} says.
   *
   * @param reason why it is not ready; null once it is
   * @param degraded the parts that do not work, in alphabetical order
   */
  public record Report(Phase phase, @Nullable String reason, SortedSet<String> degraded) {}

  /** Says what the start is waiting for. Does nothing once ready. */
  public synchronized void waitingFor(String what) {
    if (phase == Phase.STARTING) {
      reason = requireNonNull(what, "what");
    }
  }

  /** Lets traffic in. Does nothing once draining. */
  public synchronized void ready() {
    if (phase == Phase.STARTING) {
      phase = Phase.READY;
      reason = null;
    }
  }

  /** Keeps new traffic away, for good. */
  public synchronized void draining() {
    phase = Phase.DRAINING;
    reason = "shutting down";
  }

  /** Notes whether a part works. */
  public synchronized void degraded(String part, boolean isDegraded) {
    if (isDegraded) {
      degraded.add(part);
    } else {
      degraded.remove(part);
    }
  }

  public synchronized Report report() {
    return new Report(phase, reason, new TreeSet<>(degraded));
  }
}
