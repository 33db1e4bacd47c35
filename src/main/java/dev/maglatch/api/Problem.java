// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.api;

import dev.maglatch.fault.Fault;
import dev.maglatch.verify.Verdict;

/** What can go wrong on every route, before or outside of a use case. */
public enum Problem {
  MALFORMED_BODY(400, "The body must be a JSON object"),
  AMBIGUOUS_PATH(400, "Bad request"),
  /** One text for no, unknown, expired and revoked credentials. */
  UNAUTHENTICATED(401, "Unauthorized"),
  FORBIDDEN(403, "Forbidden"),
  METHOD_NOT_ALLOWED(405, "Method not allowed"),
  BODY_TOO_SLOW(408, "Request timeout"),
  BODY_TOO_LARGE(413, "Request body too large"),
  NOT_JSON(415, "The body must be application/json"),
  RATE_LIMITED(429, "Too many requests"),
  INTERNAL(500, "Internal server error"),
  UNAVAILABLE(503, "Service unavailable");

  private final int status;
  private final String text;

  Problem(int status, String text) {
    this.status = status;
    this.text = text;
  }

  public int status() {
    return status;
  }

  /** Returns the text that may be shown to anyone. */
  public String text() {
    return text;
  }

  /** Returns the problem of a request whose credential was refused. */
  static Problem of(Verdict.Outcome refusal) {
    return switch (refusal) {
      case MISSING, MALFORMED, UNKNOWN, EXPIRED, REVOKED -> UNAUTHENTICATED;
      case FORBIDDEN -> FORBIDDEN;
      case LIMITED -> RATE_LIMITED;
      case ALLOWED -> throw new IllegalArgumentException("allowed is no refusal");
    };
  }

  static Problem of(Fault.Code code) {
    return switch (code) {
      case STORE_UNAVAILABLE, OVERLOADED, UPSTREAM_BROKEN, UPSTREAM_TIMEOUT -> UNAVAILABLE;
      case INTERNAL -> INTERNAL;
    };
  }
}
