// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

/** In which shape a proxied route refuses. */
public enum Dialect {
  /** {@code {"error":{"code","message"}}}. */
  MAGPIPE,
  /** {@code {"error","error_type"}}. */
  MAGICPOST,
  /** {@code {"code","message","requestId"}}. */
  ORGANIZATION;

  /** Returns the shape for a path whose route names none. */
  static Dialect ofPath(String path) {
    if (under(path, "/api/v1")) {
      return MAGICPOST;
    }
    return under(path, "/v1") ? ORGANIZATION : MAGPIPE;
  }

  private static boolean under(String path, String prefix) {
    return path.startsWith(prefix)
        && (path.length() == prefix.length() || path.charAt(prefix.length()) == '/');
  }
}
