// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.session;

/**
 * Counts what sessions do. Sign-ins tried = granted + refused + limited + failed with a fault; one
 * password hash each, except the limited.
 */
public interface SessionMetrics {
  SessionMetrics NONE = new SessionMetrics() {};

  /** One password was hashed or checked. */
  default void passwordHashed() {}

  /** One sign-in by password was answered. */
  default void signIn(Outcome outcome) {}

  /** One key set of an outside issuer was fetched, or not. */
  default void keySetFetched(boolean succeeded) {}

  /** How a sign-in by password ended. */
  enum Outcome {
    GRANTED,
    REFUSED,
    LIMITED
  }
}
