// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

/**
 * The beginning of a path, cut at a slash: {@code /a} takes {@code /a} and {@code /a/b}, and not
 * {@code /ab}.
 *
 * @param text starts with a slash and ends with none; empty takes every path
 */
public record PathPrefix(String text) {
  /** Takes every path. */
  public static final PathPrefix ALL = new PathPrefix("");

  /** Whether {@code path} begins with this prefix. */
  public boolean matches(String path) {
    int length = text.length();
    return path.startsWith(text) && (path.length() == length || path.charAt(length) == '/');
  }

  /** Whether every path that {@code other} takes is taken by this one. */
  boolean covers(PathPrefix other) {
    return matches(other.text);
  }
}
