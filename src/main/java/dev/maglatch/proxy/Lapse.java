// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import dev.maglatch.verify.Verdict;
import java.util.Locale;

/** Why a stream may not go on though its credential was good when it began (rule 8). */
public enum Lapse {
  EXPIRED(Refusal.UNAUTHORIZED),
  REVOKED(Refusal.UNAUTHORIZED),
  /** There is no such credential any more. */
  UNKNOWN(Refusal.UNAUTHORIZED),
  /** Still good, and not for this any more. */
  FORBIDDEN(Refusal.FORBIDDEN),
  /** Nobody can vouch for it any longer: that says nothing about the credential. */
  UNDECIDED(Refusal.UNDECIDED);

  private static final int POLICY_VIOLATION = 1008;
  private static final int TRY_AGAIN_LATER = 1013;

  private final Refusal refusal;
  private final String text = name().toLowerCase(Locale.ROOT);

  Lapse(Refusal refusal) {
    this.refusal = refusal;
  }

  /** Returns the name used in logs and metrics. */
  public String text() {
    return text;
  }

  /** Returns what the client is told if its answer has not begun. */
  Refusal refusal() {
    return refusal;
  }

  /** Returns the status of a WebSocket's close frame. */
  int closeCode() {
    return this == UNDECIDED ? TRY_AGAIN_LATER : POLICY_VIOLATION;
  }

  /** Returns what a verdict against the credential means. */
  static Lapse of(Verdict.Outcome outcome) {
    return switch (outcome) {
      case EXPIRED -> EXPIRED;
      case REVOKED -> REVOKED;
      case FORBIDDEN -> FORBIDDEN;
      case ALLOWED, MISSING, MALFORMED, UNKNOWN, LIMITED -> UNKNOWN;
    };
  }
}
