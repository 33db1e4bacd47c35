// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.embed;

import dev.maglatch.verify.Verdict;

/** A credential that was looked at and is not good, or not for this. Its text is for logs. */
public final class CredentialRefused extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final Verdict.Outcome outcome;

  CredentialRefused(Verdict.Outcome outcome) {
    super("credential refused: " + outcome, null, false, false);
    this.outcome = outcome;
  }

  /** Returns why. Tell callers no more than the status. */
  public Verdict.Outcome outcome() {
    return outcome;
  }

  /** Returns the status that says it: 401, 403 or 429. */
  public int status() {
    return status(outcome);
  }

  static int status(Verdict.Outcome outcome) {
    return switch (outcome) {
      case ALLOWED -> throw new IllegalArgumentException("ALLOWED is no refusal");
      case MISSING, MALFORMED, UNKNOWN, EXPIRED, REVOKED -> 401;
      case FORBIDDEN -> 403;
      case LIMITED -> 429;
    };
  }
}
