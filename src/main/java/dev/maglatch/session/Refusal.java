// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.session;

import static java.util.Objects.requireNonNull;

import java.time.Duration;

/** The caller asked for something that it may not have. Carries no stack trace: it is no defect. */
public final class Refusal extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final Reason reason;
  private final Duration retryAfter;

  Refusal(Reason reason) {
    this(reason, Duration.ZERO);
  }

  Refusal(Reason reason, Duration retryAfter) {
    super(requireNonNull(reason, "reason").name(), null, false, false);
    this.reason = reason;
    this.retryAfter = retryAfter;
  }

  public Reason reason() {
    return reason;
  }

  /** Returns when trying again makes sense; zero unless {@link Reason#RATE_LIMITED}. */
  public Duration retryAfter() {
    return retryAfter;
  }

  /** Why. */
  public enum Reason {
    /** Unknown e-mail, wrong password, no password, or a disabled account: never told apart. */
    INVALID_CREDENTIALS,
    RATE_LIMITED,
    REFRESH_TOKEN_NOT_FOUND,
    REFRESH_TOKEN_ALREADY_USED,
    INVALID_EMAIL,
    WEAK_PASSWORD,
    EMAIL_TAKEN,
    SAME_PASSWORD
  }
}
