// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

/**
 * Which hosts a route takes: one name, or with {@code *.} before it every name below it, at any
 * depth, but not the name itself.
 *
 * @param text in lower case, without port
 */
public record HostPattern(String text) {
  private static final String ANY_BELOW = "*.";

  static boolean isPattern(String text) {
    return HostRules.isName(text.startsWith(ANY_BELOW) ? text.substring(2) : text);
  }

  /** Whether this takes {@code host}, a name in lower case. */
  boolean matches(String host) {
    return isOpen() ? isBelow(host, text) : host.equals(text);
  }

  /** Whether every host that {@code other} takes is taken by this one. */
  boolean covers(HostPattern other) {
    return equals(other) || (isOpen() && isBelow(other.text, text));
  }

  private boolean isOpen() {
    return text.startsWith(ANY_BELOW);
  }

  /** Whether {@code host} ends with what follows the star of {@code open}, and has more. */
  private static boolean isBelow(String host, String open) {
    int suffix = open.length() - 1;
    return host.length() > suffix && host.regionMatches(host.length() - suffix, open, 1, suffix);
  }
}
