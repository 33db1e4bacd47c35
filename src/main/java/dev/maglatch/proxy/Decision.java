// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import dev.maglatch.verify.Verdict;
import java.util.Locale;

/** What the gateway made of one request before anything went upstream. */
public enum Decision {
  /** A good credential. */
  ALLOWED,
  /** The route asks for no credential, and none was checked. */
  ANONYMOUS,
  /** One of the gateway's own routes. */
  OWN,
  /** A browser's preflight, answered here. */
  PREFLIGHT,
  /** Refused by the strict gate. */
  BAD_REQUEST,
  /** No route takes it. */
  NO_ROUTE,
  /** The body is announced as longer than the route allows. */
  TOO_LARGE,
  /** More requests are in hand than there may be: 503. */
  OVERLOADED,
  MISSING,
  MALFORMED,
  UNKNOWN,
  EXPIRED,
  REVOKED,
  FORBIDDEN,
  LIMITED,
  /** No trustworthy answer about the credential was had: 503. */
  UNDECIDED;

  private final String text = name().toLowerCase(Locale.ROOT);

  /** Returns the name used in logs and metrics. */
  public String text() {
    return text;
  }

  static Decision of(Verdict.Outcome outcome) {
    return switch (outcome) {
      case ALLOWED -> ALLOWED;
      case MISSING -> MISSING;
      case MALFORMED -> MALFORMED;
      case UNKNOWN -> UNKNOWN;
      case EXPIRED -> EXPIRED;
      case REVOKED -> REVOKED;
      case FORBIDDEN -> FORBIDDEN;
      case LIMITED -> LIMITED;
    };
  }
}
