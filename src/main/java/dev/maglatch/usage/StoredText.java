// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.usage;

import org.jspecify.annotations.Nullable;

/** Text a client chose, made fit for storing and showing. */
final class StoredText {
  static final int MAX_ADDRESS = 64;
  static final int MAX_USER_AGENT = 512;

  private StoredText() {}

  /** Returns {@code text} itself if it has at most {@code maxChars}, else its beginning. */
  static @Nullable String cut(@Nullable String text, int maxChars) {
    if (text == null || text.length() <= maxChars) {
      return text;
    }
    int end = Character.isHighSurrogate(text.charAt(maxChars - 1)) ? maxChars - 1 : maxChars;
    return text.substring(0, end);
  }

  /** Returns {@code text} with a space for every control character and every half surrogate. */
  static @Nullable String scrub(@Nullable String text) {
    if (text == null || plain(text) || text.codePoints().noneMatch(StoredText::unfit)) {
      return text;
    }
    return text.codePoints()
        .map(point -> unfit(point) ? ' ' : point)
        .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
        .toString();
  }

  /** Tells whether {@code text} has printable ASCII alone, as nearly all of these have. */
  private static boolean plain(String text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c < ' ' || c > '~') {
        return false;
      }
    }
    return true;
  }

  private static boolean unfit(int point) {
    return switch (Character.getType(point)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.SURROGATE,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR ->
          true;
      default -> false;
    };
  }
}
