// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** In how many ways a path may be read by whoever gets it, and which paths nobody shall get. */
final class PathRules {
  /*
   * An upstream may decode a path, once or by mistake more often; may merge slashes; may cut what
   * follows a semicolon in a segment, before it decodes or afterwards: what a parameter hides may be
   * a slash. Each of these readings may have dot segments or belong to another route than the raw
   * path. Readings are made of bytes as characters (ISO 8859-1), since
   * only ASCII matters; UTF-8 forms that are longer than needed stand for ASCII in careless
   * decoders and are refused.
   */
  private static final int MAX_DECODINGS = 3;

  private PathRules() {}

  /** Whether {@code path} has one reading only, itself, and is allowed. One scan, no allocation. */
  static boolean isPlain(String path) {
    char previous = 0;
    for (int i = 0; i < path.length(); i++) {
      char c = path.charAt(i);
      if (c <= ' ' || c >= 0x7F || c == '%' || c == ';' || c == '\\') {
        return false;
      }
      if (previous == '/' && (c == '/' || c == '.')) {
        return false;
      }
      previous = c;
    }
    return true;
  }

  /**
   * Returns what {@code path} may be read as beside itself, or null if it is not allowed: dot
   * segments, backslashes and control characters, plain or encoded, or a broken escape.
   */
  static @Nullable List<String> readings(String path) {
    List<String> readings = new ArrayList<>();
    Set<String> spellings = Set.of(path);
    for (int decodings = 0; decodings <= MAX_DECODINGS; decodings++) {
      Set<String> next = new LinkedHashSet<>();
      for (String spelling : withAndWithoutParameters(spellings)) {
        String decoded = isForbidden(spelling) ? null : decoded(spelling, decodings > 0);
        if (decoded == null) {
          return null;
        }
        readings.add(merged(spelling));
        if (!decoded.equals(spelling)) {
          next.add(decoded);
        }
      }
      if (next.isEmpty()) {
        return readings;
      }
      spellings = next;
    }
    return null; // nobody encodes so often with good intent
  }

  private static Set<String> withAndWithoutParameters(Set<String> spellings) {
    Set<String> all = new LinkedHashSet<>(spellings);
    spellings.forEach(spelling -> all.add(withoutParameters(spelling)));
    return all;
  }

  private static boolean isForbidden(String path) {
    for (int i = 0; i < path.length(); i++) {
      char c = path.charAt(i);
      if (c < ' ' || c == 0x7F || c == '\\' || isOverlong(path, i)) {
        return true;
      }
      if (c == '/' && isDotSegment(path, i + 1)) {
        return true;
      }
    }
    return false;
  }

  private static boolean isDotSegment(String path, int start) {
    int end = start;
    while (end < path.length() && end - start < 2 && path.charAt(end) == '.') {
      end++;
    }
    return end > start && (end == path.length() || path.charAt(end) == '/');
  }

  /** Whether a UTF-8 sequence begins at {@code i} that needs fewer bytes than it has. */
  private static boolean isOverlong(String path, int i) {
    char first = path.charAt(i);
    if (first < 0xC0 || i + 1 == path.length()) {
      return false;
    }
    char second = path.charAt(i + 1);
    return switch (first) {
      case 0xC0, 0xC1 -> second >= 0x80 && second <= 0xBF;
      case 0xE0 -> second >= 0x80 && second <= 0x9F;
      case 0xF0 -> second >= 0x80 && second <= 0x8F;
      default -> false;
    };
  }

  private static String merged(String path) {
    StringBuilder merged = new StringBuilder(path.length());
    for (int i = 0; i < path.length(); i++) {
      char c = path.charAt(i);
      if (c != '/' || i == 0 || path.charAt(i - 1) != '/') {
        merged.append(c);
      }
    }
    return merged.toString();
  }

  /** Cuts each segment at its first semicolon. */
  private static String withoutParameters(String path) {
    if (path.indexOf(';') < 0) {
      return path;
    }
    StringBuilder bare = new StringBuilder(path.length());
    boolean inParameter = false;
    for (int i = 0; i < path.length(); i++) {
      char c = path.charAt(i);
      inParameter = c == ';' || (inParameter && c != '/');
      if (!inParameter) {
        bare.append(c);
      }
    }
    return bare.toString();
  }

  /**
   * Decodes every escape once. A broken one stays as it is if {@code lenient}, else yields null.
   */
  private static @Nullable String decoded(String path, boolean lenient) {
    if (path.indexOf('%') < 0) {
      return path;
    }
    StringBuilder decoded = new StringBuilder(path.length());
    for (int i = 0; i < path.length(); i++) {
      char c = path.charAt(i);
      int octet = c == '%' ? octet(path, i + 1) : -1;
      if (octet >= 0) {
        decoded.append((char) octet);
        i += 2;
      } else if (c != '%' || lenient) {
        decoded.append(c);
      } else {
        return null;
      }
    }
    return decoded.toString();
  }

  /** Returns what two hex digits at {@code i} say, or -1. */
  private static int octet(String path, int i) {
    if (i + 1 >= path.length()) {
      return -1;
    }
    int high = hexDigit(path.charAt(i));
    int low = hexDigit(path.charAt(i + 1));
    return high < 0 || low < 0 ? -1 : high << 4 | low;
  }

  /** Unlike {@link Character#digit} knows ASCII digits only. */
  private static int hexDigit(char c) {
    return c < 0x80 ? Character.digit(c, 16) : -1;
  }
}
