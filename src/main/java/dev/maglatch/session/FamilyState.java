// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.session;

import java.time.Duration;
import java.time.Instant;
import java.util.List;

/**
 * The state of one family of refresh tokens at one instant of the database's clock.
 *
 * @param generation number of the only unspent token
 * @param rotations when the last tokens were spent, newest first; older ones may be missing
 * @param over whether the family has ended or expired, or its account is disabled
 */
public record FamilyState(int generation, List<Instant> rotations, boolean over, Instant now) {
  /** For how long a spent token yields the newest ones: several tabs, or a lost answer. */
  public static final Duration REUSE_INTERVAL = Duration.ofSeconds(10);

  public FamilyState {
    rotations = List.copyOf(rotations);
  }

  /** Judges the token of number {@code presented}. */
  public Judgement judge(int presented) {
    if (presented < 0 || presented > generation) {
      return Judgement.UNKNOWN; // signed by us and never handed out: another database's
    }
    if (presented == generation) {
      return over ? Judgement.UNKNOWN : Judgement.ROTATE;
    }
    if (over) {
      return Judgement.REUSED;
    }
    return spentLately(presented) ? Judgement.REPEAT : Judgement.REUSED;
  }

  private boolean spentLately(int presented) {
    int index = generation - presented - 1;
    return index < rotations.size()
        && rotations.get(index).plus(REUSE_INTERVAL).compareTo(now) >= 0;
  }

  /** What to do about a refresh token. */
  public enum Judgement {
    /** It is unspent: spend it and hand out the next. */
    ROTATE,
    /** It was spent a moment ago: hand out the newest again. */
    REPEAT,
    /** It was spent and is in somebody else's hands: end the family. */
    REUSED,
    /** Nobody may use it. */
    UNKNOWN
  }
}
