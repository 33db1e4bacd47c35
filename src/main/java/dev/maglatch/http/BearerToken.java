// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.http;

import static java.util.Objects.requireNonNull;

import io.vertx.core.MultiMap;
import io.vertx.core.http.HttpHeaders;
import org.jspecify.annotations.Nullable;

/**
 * The credential of one request, as the {@code Authorization} header carries it: a value, whatever
 * was sent.
 *
 * <p>Reading it costs one pass over the header names and one substring. It never prints itself.
 */
public final class BearerToken {
  /** No {@code Authorization} header. */
  public static final BearerToken MISSING = new BearerToken(Kind.MISSING, null, false);

  private static final BearerToken NOT_BEARER = new BearerToken(Kind.MALFORMED, null, false);
  private static final BearerToken BAD_BEARER = new BearerToken(Kind.MALFORMED, null, true);

  private static final String SCHEME = "bearer";

  /** What was found. */
  public enum Kind {
    MISSING,
    /** Several headers, another scheme, or not exactly one token: a 401, and nobody is asked. */
    MALFORMED,
    PRESENT
  }

  private final Kind kind;
  private final @Nullable String text;
  private final boolean bearerSent;

  private BearerToken(Kind kind, @Nullable String text, boolean bearerSent) {
    this.kind = kind;
    this.text = text;
    this.bearerSent = bearerSent;
  }

  /** Reads the credential of a request. */
  public static BearerToken of(MultiMap headers) {
    String value = headers.get(HttpHeaders.AUTHORIZATION);
    if (value == null) {
      return MISSING;
    }
    BearerToken token = parse(value);
    return HeaderCount.single(headers, HttpHeaders.AUTHORIZATION) ? token : malformed(token);
  }

  /** Reads the value of one {@code Authorization} header. */
  public static BearerToken parse(String value) {
    int end = SCHEME.length();
    if (!value.regionMatches(true, 0, SCHEME, 0, end)) {
      return NOT_BEARER;
    }
    if (value.length() == end) {
      return BAD_BEARER;
    }
    if (value.charAt(end) != ' ') {
      return NOT_BEARER;
    }
    int start = end;
    while (start < value.length() && value.charAt(start) == ' ') {
      start++;
    }
    return isToken(value, start)
        ? new BearerToken(Kind.PRESENT, value.substring(start), true)
        : BAD_BEARER;
  }

  /** Whether {@code text} can be sent as a token. */
  public static boolean canBe(String text) {
    return isToken(text, 0);
  }

  public Kind kind() {
    return kind;
  }

  public boolean present() {
    return kind == Kind.PRESENT;
  }

  /** Returns the credential. Throws {@link NullPointerException} unless {@link #present}. */
  public String text() {
    return requireNonNull(text, "no credential");
  }

  /** Whether the credential is there and begins with {@code prefix}. */
  public boolean startsWith(String prefix) {
    return text != null && text.startsWith(prefix);
  }

  /** Whether the scheme was Bearer, good or bad: only then is a 401 about an invalid token. */
  public boolean bearerSent() {
    return bearerSent;
  }

  @Override
  public String toString() {
    return "BearerToken(" + kind + ")";
  }

  private static BearerToken malformed(BearerToken first) {
    return first.bearerSent ? BAD_BEARER : NOT_BEARER;
  }

  /** Whether all from {@code start} on is a {@code b64token} of RFC 6750. */
  private static boolean isToken(String value, int start) {
    int end = value.length();
    while (end > start && value.charAt(end - 1) == '=') {
      end--;
    }
    for (int i = start; i < end; i++) {
      if (!mayStandInToken(value.charAt(i))) {
        return false;
      }
    }
    return end > start;
  }

  private static boolean mayStandInToken(char c) {
    return (c >= 'a' && c <= 'z')
        || (c >= '0' && c <= '9')
        || (c >= 'A' && c <= 'Z')
        || c == '_'
        || c == '-'
        || c == '.'
        || c == '~'
        || c == '+'
        || c == '/';
  }
}
