// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.api;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.net.URLDecoder;

/** The two readings of a path: as it was sent, and decoded with its slashes merged. */
final class RawPath {
  private RawPath() {}

  /** Whether both readings are the same text. */
  static boolean isPlain(String path) {
    return path.indexOf('%') < 0 && !path.contains("//");
  }

  /** Returns the second reading; {@code path} itself if it cannot be decoded. */
  static String read(String path) {
    return decoded(path).replaceAll("/{2,}", "/");
  }

  /** Decodes percent-encoded UTF-8; a text that cannot be decoded is returned as it is. */
  static String decoded(String text) {
    try {
      return text.indexOf('%') < 0 ? text : URLDecoder.decode(text.replace("+", "%2B"), UTF_8);
    } catch (IllegalArgumentException malformed) {
      return text;
    }
  }
}
