// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.fault;

import static java.util.Objects.requireNonNull;

import org.jspecify.annotations.Nullable;

/**
 * A failure with two texts: {@link #publicText()} for the caller, {@link #getMessage()} for the
 * log.
 *
 * <p>The {@link Code} decides the status; a dialect decides the shape. A decision about a
 * credential is never a fault: faults mean that the gateway could not decide or could not do. Only
 * a defect has a stack trace: of the others there may be very many at a time.
 */
public final class Fault extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final Code code;
  private final String publicText;

  public Fault(Code code, String publicText, String logText, @Nullable Throwable cause) {
    super(requireNonNull(logText, "logText"), cause, true, code == Code.INTERNAL);
    this.code = requireNonNull(code, "code");
    this.publicText = requireNonNull(publicText, "publicText");
  }

  /** A fault whose public text is the code's own. */
  public static Fault of(Code code, String logText, @Nullable Throwable cause) {
    return new Fault(code, code.publicText(), logText, cause);
  }

  /**
   * Returns {@code failure} itself if it is a fault, else an {@link Code#INTERNAL} one around it.
   */
  public static Fault from(Throwable failure) {
    return failure instanceof Fault fault
        ? fault
        : of(Code.INTERNAL, "unexpected failure: " + failure, failure);
  }

  public Code code() {
    return code;
  }

  /** Returns the text that may be shown to whoever sent the request. */
  public String publicText() {
    return publicText;
  }

  /** Why the gateway could not decide or could not do. */
  public enum Code {
    /** The key store gave no trustworthy answer: 503, never 401. */
    STORE_UNAVAILABLE(503, "Service unavailable"),
    /** This replica is at a bound of its own: 503. */
    OVERLOADED(503, "Service unavailable"),
    /** Nobody answered at the upstream's address, or the connection broke: 502. */
    UPSTREAM_BROKEN(502, "Bad gateway"),
    /** The upstream did not answer in time: 504. */
    UPSTREAM_TIMEOUT(504, "Gateway timeout"),
    /** A defect of ours: 500. */
    INTERNAL(500, "Internal server error");

    private final int status;
    private final String publicText;

    Code(int status, String publicText) {
      this.status = status;
      this.publicText = publicText;
    }

    public int status() {
      return status;
    }

    public String publicText() {
      return publicText;
    }
  }
}
