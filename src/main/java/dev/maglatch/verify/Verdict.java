// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.verify;

import static java.util.Objects.requireNonNull;

import dev.maglatch.http.IpRanges;
import dev.maglatch.http.Quota;
import dev.maglatch.key.Principal;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Outcome of checking one credential: a value. Not being able to decide is a failed future instead.
 *
 * @param principal present only when {@link Outcome#ALLOWED}
 * @param allowedIps where the credential may be used from; null: anywhere
 * @param quota the allowance that is spent; null unless {@link Outcome#LIMITED}
 */
public record Verdict(
    Outcome outcome,
    @Nullable Principal principal,
    @Nullable IpRanges allowedIps,
    @Nullable Quota quota) {
  public static final Verdict MISSING = refusal(Outcome.MISSING);
  public static final Verdict MALFORMED = refusal(Outcome.MALFORMED);
  public static final Verdict UNKNOWN = refusal(Outcome.UNKNOWN);
  public static final Verdict EXPIRED = refusal(Outcome.EXPIRED);
  public static final Verdict REVOKED = refusal(Outcome.REVOKED);
  public static final Verdict FORBIDDEN = refusal(Outcome.FORBIDDEN);

  public static final Verdict LIMITED = refusal(Outcome.LIMITED);

  /** Returns a verdict against the credential. */
  public static Verdict refusal(Outcome outcome) {
    return new Verdict(outcome, null, null, null);
  }

  /** Returns the verdict on a credential beyond an allowance, which is spent. */
  public static Verdict limited(Quota quota) {
    return new Verdict(Outcome.LIMITED, null, null, requireNonNull(quota, "quota"));
  }

  public static Verdict allowed(Principal principal) {
    requireNonNull(principal, "principal");
    return new Verdict(
        Outcome.ALLOWED, principal, ranges(principal.keyPolicy().allowedIps()), null);
  }

  /**
   * Returns what this verdict is for a request from {@code clientAddress}: forbidden if the key may
   * not be used there. Free for a key without ranges.
   */
  public Verdict from(String clientAddress) {
    return allowedIps == null || allowedIps.contains(clientAddress) ? this : FORBIDDEN;
  }

  /** A range that cannot be read, written by hand perhaps, takes in nobody. */
  private static @Nullable IpRanges ranges(@Nullable List<String> allowed) {
    return allowed == null
        ? null
        : new IpRanges(allowed.stream().filter(IpRanges::isRange).toList());
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
