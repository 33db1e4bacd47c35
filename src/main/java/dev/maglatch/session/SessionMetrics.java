// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.session;

import dev.maglatch.session.FamilyState.Judgement;

/**
 * Counts what sessions do. Safe on any thread; never fails.
 *
 * <p>Sign-ins by password = granted + refused + limited + undecided. Each costs one password hash,
 * except those that were limited or found too many passwords waiting.
 */
public interface SessionMetrics {
  SessionMetrics NONE = new SessionMetrics() {};

  /**
   * One password was hashed or checked.
   *
   * @param waitedNanos until a worker was free
   * @param nanos of work
   */
  default void passwordHashed(long waitedNanos, long nanos) {}

  /** One password was turned away because too many were waiting. */
  default void passwordTurnedAway() {}

  /** One sign-in by password was answered. */
  default void signIn(Outcome outcome) {}

  /** One refresh token was judged. */
  default void refresh(Judgement judgement) {}

  /** One key set of an outside issuer was fetched, or not. */
  default void keySetFetched(boolean succeeded) {}

  /** How a sign-in by password ended. */
  enum Outcome {
    GRANTED,
    REFUSED,
    /** Too many failures before: the password was not looked at. */
    LIMITED,
    /** Answered 503: the database failed, or too many passwords were waiting. */
    UNDECIDED
  }
}
