// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import java.util.Locale;

/** What may stand in a {@code Host} header. */
public final class HostRules {
  private static final int MAX_LENGTH = 255;
  private static final int MAX_PORT = 65_535;

  private HostRules() {}

  /** Whether {@code text} is a host name or an IPv4 address: letters, digits, {@code . - _}. */
  static boolean isName(CharSequence text) {
    int length = text.length();
    return length > 0 && length <= MAX_LENGTH && endOfName(text) == length;
  }

  /** Whether {@code text} is a host, perhaps an IPv6 address in brackets, and perhaps a port. */
  static boolean isAuthority(CharSequence text) {
    if (text.length() > MAX_LENGTH) {
      return false;
    }
    int end = text.length() > 0 && text.charAt(0) == '[' ? endOfIpv6(text) : endOfName(text);
    return end > 0 && (end == text.length() || isPort(text, end));
  }

  /** Returns the host of {@code authority} in lower case, without its port. */
  static String name(String authority) {
    int end = authority.startsWith("[") ? authority.indexOf(']') + 1 : authority.indexOf(':');
    return bare(end <= 0 ? authority : authority.substring(0, end));
  }

  /** Returns {@code host} in lower case, and without the dot that a complete name may end with. */
  public static String bare(String host) {
    String bare = host.endsWith(".") ? host.substring(0, host.length() - 1) : host;
    return bare.toLowerCase(Locale.ROOT);
  }

  private static int endOfName(CharSequence text) {
    int i = 0;
    while (i < text.length() && mayStandInName(text.charAt(i))) {
      i++;
    }
    return i;
  }

  private static boolean mayStandInName(char c) {
    return (c >= 'a' && c <= 'z')
        || (c >= '0' && c <= '9')
        || (c >= 'A' && c <= 'Z')
        || c == '.'
        || c == '-'
        || c == '_';
  }

  /** Returns the index after the closing bracket, or 0 if it is no IPv6 address. */
  private static int endOfIpv6(CharSequence text) {
    int colons = 0;
    for (int i = 1; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == ']') {
        return colons >= 2 ? i + 1 : 0;
      }
      if (c == ':') {
        colons++;
      } else if (c != '.' && (c >= 0x80 || Character.digit(c, 16) < 0)) {
        return 0;
      }
    }
    return 0;
  }

  /** Whether {@code :port} stands from {@code colon} on; RFC 3986 allows an empty port. */
  private static boolean isPort(CharSequence text, int colon) {
    if (text.charAt(colon) != ':' || text.length() - colon > 6) {
      return false;
    }
    int port = 0;
    for (int i = colon + 1; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c < '0' || c > '9') {
        return false;
      }
      port = port * 10 + c - '0';
    }
    return port <= MAX_PORT;
  }
}
