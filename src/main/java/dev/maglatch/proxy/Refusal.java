// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import dev.maglatch.fault.Fault;
import dev.maglatch.verify.Verdict;

/** Why a request on a proxied route gets an answer of the gateway instead of the upstream's. */
enum Refusal {
  BAD_REQUEST(400, "bad_request", "Bad request"),
  /** The raw path and its decoded form select different routes, or it has dot segments. */
  AMBIGUOUS_PATH(400, "bad_request", "Ambiguous path"),
  UNAUTHORIZED(401, "unauthorized", "Unauthorized"),
  FORBIDDEN(403, "forbidden", "Forbidden"),
  NOT_FOUND(404, "not_found", "Not found"),
  METHOD_NOT_ALLOWED(405, "method_not_allowed", "Method not allowed"),
  /** The head did not come to its end in time. */
  HEAD_TIMEOUT(408, "request_timeout", "Request timeout"),
  BODY_TOO_LARGE(413, "payload_too_large", "Payload too large"),
  TARGET_TOO_LONG(414, "uri_too_long", "URI too long"),
  RATE_LIMITED(429, "rate_limited", "Rate limit exceeded"),
  HEADERS_TOO_LARGE(431, "headers_too_large", "Request header fields too large"),
  INTERNAL(500, "internal_error", "Internal server error"),
  BAD_GATEWAY(502, "bad_gateway", "Bad gateway"),
  /** No trustworthy answer about the credential. */
  UNDECIDED(503, "unavailable", "Service unavailable"),
  /** A bound of this replica is reached. */
  OVERLOADED(503, "unavailable", "Service unavailable"),
  GATEWAY_TIMEOUT(504, "gateway_timeout", "Gateway timeout");

  private final int status;
  private final String code;
  private final String text;

  Refusal(int status, String code, String text) {
    this.status = status;
    this.code = code;
    this.text = text;
  }

  /**
   * Returns what a verdict against the credential means. Throws {@link IllegalArgumentException}
   * for {@link Verdict.Outcome#ALLOWED}.
   */
  static Refusal of(Verdict.Outcome outcome) {
    return switch (outcome) {
      case ALLOWED -> throw new IllegalArgumentException("ALLOWED is no refusal");
      case MISSING, MALFORMED, UNKNOWN, EXPIRED, REVOKED -> UNAUTHORIZED;
      case FORBIDDEN -> FORBIDDEN;
      case LIMITED -> RATE_LIMITED;
    };
  }

  static Refusal of(Fault.Code code) {
    return switch (code) {
      case STORE_UNAVAILABLE -> UNDECIDED;
      case OVERLOADED -> OVERLOADED;
      case UPSTREAM_BROKEN -> BAD_GATEWAY;
      case UPSTREAM_TIMEOUT -> GATEWAY_TIMEOUT;
      case INTERNAL -> INTERNAL;
    };
  }

  int status() {
    return status;
  }

  /** Returns the name of this refusal for programs. */
  String code() {
    return code;
  }

  /** Returns the text for people; it says nothing that would help to guess a key. */
  String text() {
    return text;
  }

  /** Whether what follows on the connection may not be what it seems. */
  boolean endsConnection() {
    return switch (this) {
      case BAD_REQUEST, HEAD_TIMEOUT, TARGET_TOO_LONG, HEADERS_TOO_LARGE -> true;
      default -> false;
    };
  }
}
