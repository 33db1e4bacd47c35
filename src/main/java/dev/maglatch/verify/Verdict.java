// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.verify;

import static java.util.Objects.requireNonNull;

import dev.maglatch.key.Principal;
import org.jspecify.annotations.Nullable;

/**
 * Outcome of checking one credential: a value. Not being able to decide is a failed future instead.
 *
 * @param principal present only when {@link Outcome#ALLOWED}
 */
public record Verdict(Outcome outcome, @Nullable Principal principal) {
  public static final Verdict MISSING = new Verdict(Outcome.MISSING, null);
  public static final Verdict MALFORMED = new Verdict(Outcome.MALFORMED, null);
  public static final Verdict UNKNOWN = new Verdict(Outcome.UNKNOWN, null);
  public static final Verdict EXPIRED = new Verdict(Outcome.EXPIRED, null);
  public static final Verdict REVOKED = new Verdict(Outcome.REVOKED, null);
  public static final Verdict FORBIDDEN = new Verdict(Outcome.FORBIDDEN, null);
  public static final Verdict LIMITED = new Verdict(Outcome.LIMITED, null);

  public static Verdict allowed(Principal principal) {
    return new Verdict(Outcome.ALLOWED, requireNonNull(principal, "principal"));
  }

  /** What was found. All but the last three refusals are a 401 with one and the same text. */
  public enum Outcome {
    ALLOWED,
    /** No credential was sent. */
    MISSING,
    /** Something was sent that cannot be a credential: no query was made. */
    MALFORMED,
    /** Well-formed, and nobody's. */
    UNKNOWN,
    EXPIRED,
    REVOKED,
    /** Good, and not for this: scope, method or address. 403. */
    FORBIDDEN,
    /** Good, and too often, or a guess beyond the budget for guesses. 429. */
    LIMITED
  }
}
