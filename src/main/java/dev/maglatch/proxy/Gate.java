// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.handler.codec.http.TooLongHttpLineException;
import io.netty.util.AsciiString;
import io.vertx.core.MultiMap;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.net.HostAndPort;
import java.util.Iterator;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Refuses every request that two readers could understand differently, before anybody looks at its
 * credential. What passes can be written out again on any version of HTTP.
 *
 * <p>One pass over target and headers; nothing is allocated but an iterator. Belongs to one event
 * loop.
 */
final class Gate {
  private static final AsciiString HOST = AsciiString.cached("host");
  private static final AsciiString CONTENT_LENGTH = AsciiString.cached("content-length");
  private static final AsciiString TRANSFER_ENCODING = AsciiString.cached("transfer-encoding");
  private static final AsciiString CHUNKED = AsciiString.cached("chunked");
  private static final int MAX_LENGTH_DIGITS = 18; // fits a long

  /** What HTTP/1.1 has around the target, and between name and value. */
  private static final int AROUND_TARGET = "  HTTP/1.1".length();

  private static final int BEFORE_VALUE = ": ".length();

  private final ListenerConfig bounds;

  // Of the request that is being looked at.
  private int headers;
  private int bytes;
  private int hosts;
  private int lengths;
  private int codings;

  /**
   * @param bounds what a request may have; of HTTP/1 the decoder has measured line and fields
   *     before
   */
  Gate(ListenerConfig bounds) {
    this.bounds = bounds;
  }

  /** Returns why {@code request} must not go on, or null if it may. */
  @Nullable Refusal check(HttpServerRequest request) {
    HttpMethod method = request.method();
    if (method.equals(HttpMethod.CONNECT) || method.equals(HttpMethod.TRACE)) {
      return Refusal.METHOD_NOT_ALLOWED;
    }
    if (!isMethod(method) || !isOriginForm(request.uri())) {
      return Refusal.BAD_REQUEST;
    }
    boolean http2 = request.version() == HttpVersion.HTTP_2;
    if (http2 && lineBytes(request) > bounds.maxTargetBytes()) {
      return Refusal.TARGET_TOO_LONG;
    }
    Refusal objection = checkHeaders(request.headers());
    if (objection != null) {
      return objection;
    }
    if (http2 && bytes > bounds.maxHeaderBytes()) {
      return Refusal.HEADERS_TOO_LARGE;
    }
    return isFramedOnce(request.version()) && hasOneHost(request) ? null : Refusal.BAD_REQUEST;
  }

  /** Returns how long the line is that the upstream gets. */
  private static int lineBytes(HttpServerRequest request) {
    return request.method().name().length() + request.uri().length() + AROUND_TARGET;
  }

  /** Returns why a request is refused that could not even be decoded. */
  static Refusal whyInvalid(HttpServerRequest request) {
    Throwable cause = request.decoderResult().cause();
    if (cause instanceof TooLongHttpLineException) {
      return Refusal.TARGET_TOO_LONG;
    }
    return cause instanceof TooLongHttpHeaderException
        ? Refusal.HEADERS_TOO_LARGE
        : Refusal.BAD_REQUEST;
  }

  /** Whether a request by {@code method} could come past this gate. */
  static boolean mayBeProxied(HttpMethod method) {
    return isMethod(method)
        && !method.equals(HttpMethod.CONNECT)
        && !method.equals(HttpMethod.TRACE);
  }

  private static boolean isMethod(HttpMethod method) {
    return method.equals(HttpMethod.GET)
        || method.equals(HttpMethod.POST)
        || Characters.OF_METHOD.make(method.name());
  }

  /** Whether {@code target} is a path and perhaps a query, with whole escapes only. */
  static boolean isOriginForm(@Nullable String target) {
    if (target == null || target.isEmpty() || target.charAt(0) != '/') {
      return false;
    }
    for (int i = 0; i < target.length(); i++) {
      char c = target.charAt(i);
      if (c == '%' ? !isEscape(target, i) : !Characters.OF_TARGET.contains(c)) {
        return false;
      }
    }
    return true;
  }

  private static boolean isEscape(String target, int percent) {
    return percent + 2 < target.length()
        && isHexDigit(target.charAt(percent + 1))
        && isHexDigit(target.charAt(percent + 2));
  }

  private static boolean isHexDigit(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
  }

  private @Nullable Refusal checkHeaders(MultiMap map) {
    headers = 0;
    bytes = 0;
    hosts = 0;
    lengths = 0;
    codings = 0;
    return map instanceof io.netty.handler.codec.http.HttpHeaders http1
        ? checkEach(http1.iteratorCharSequence())
        : checkEach(map.iterator());
  }

  private <T extends CharSequence> @Nullable Refusal checkEach(Iterator<Map.Entry<T, T>> lines) {
    while (lines.hasNext()) {
      Map.Entry<T, T> line = lines.next();
      if (++headers > bounds.maxHeaders()) {
        return Refusal.HEADERS_TOO_LARGE;
      }
      bytes += line.getKey().length() + BEFORE_VALUE + line.getValue().length();
      if (!isGood(line.getKey(), line.getValue())) {
        return Refusal.BAD_REQUEST;
      }
    }
    return null;
  }

  private boolean isGood(CharSequence name, CharSequence value) {
    if (!Characters.OF_HEADER_NAME.make(name) || !isValue(value)) {
      return false;
    }
    return switch (name.length()) {
      case 4 -> !is(HOST, name) || (++hosts == 1 && HostRules.isAuthority(value));
      case 14 -> !is(CONTENT_LENGTH, name) || (++lengths == 1 && isLength(value));
      case 17 -> !is(TRANSFER_ENCODING, name) || (++codings == 1 && is(CHUNKED, value));
      default -> true;
    };
  }

  private static boolean is(AsciiString wanted, CharSequence text) {
    return wanted.contentEqualsIgnoreCase(text);
  }

  /** Whether {@code value} has no control character but tabs inside, and no blank at its ends. */
  static boolean isValue(CharSequence value) {
    int length = value.length();
    if (length == 0) {
      return true;
    }
    for (int i = 0; i < length; i++) {
      char c = value.charAt(i);
      if ((c < ' ' && c != '\t') || c == 0x7F || c > 0xFF) {
        return false;
      }
    }
    return !isBlank(value.charAt(0)) && !isBlank(value.charAt(length - 1));
  }

  private static boolean isBlank(char c) {
    return c == ' ' || c == '\t';
  }

  private static boolean isLength(CharSequence value) {
    int length = value.length();
    for (int i = 0; i < length; i++) {
      if (value.charAt(i) < '0' || value.charAt(i) > '9') {
        return false;
      }
    }
    return length > 0 && length <= MAX_LENGTH_DIGITS;
  }

  /** Whether at most one header says where the body ends, and one that this version knows. */
  private boolean isFramedOnce(@Nullable HttpVersion version) {
    return codings == 0 || (lengths == 0 && version == HttpVersion.HTTP_1_1);
  }

  private boolean hasOneHost(HttpServerRequest request) {
    HttpVersion version = request.version();
    if (version == HttpVersion.HTTP_2) {
      HostAndPort authority = request.authority();
      return authority != null && HostRules.isAuthority(authority.host());
    }
    return hosts == 1 || version == HttpVersion.HTTP_1_0;
  }
}
