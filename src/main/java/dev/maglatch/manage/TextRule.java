// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.manage;

/** What a text that somebody typed must be, to be stored and given back unchanged. */
public final class TextRule {
  public static final int MAX_NAME = 64;
  public static final int MAX_DESCRIPTION = 1024;
  public static final int MAX_URL = 2048;

  private static final char NO_BREAK = '\uFEFF';

  private TextRule() {}

  /** Whether PostgreSQL and UTF-8 can hold {@code text}: no NUL and no lone surrogate. */
  public static boolean storable(String text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == 0 || Character.isLowSurrogate(c)) {
        return false;
      }
      if (Character.isHighSurrogate(c)
          && (++i == text.length() || !Character.isLowSurrogate(text.charAt(i)))) {
        return false;
      }
    }
    return true;
  }

  /** Whether {@code text} has at most {@code maxCodePoints} code points. */
  public static boolean fits(String text, int maxCodePoints) {
    return text.codePointCount(0, text.length()) <= maxCodePoints;
  }

  /** Whether {@code text} is {@link #storable} and {@link #fits}. */
  public static boolean accepts(String text, int maxCodePoints) {
    return storable(text) && fits(text, maxCodePoints);
  }

  /** Returns {@code text} without the white space around it, as browsers trim: no-break too. */
  public static String trim(String text) {
    int start = 0;
    int end = text.length();
    while (start < end && isSpace(text.charAt(start))) {
      start++;
    }
    while (end > start && isSpace(text.charAt(end - 1))) {
      end--;
    }
    return text.substring(start, end);
  }

  private static boolean isSpace(char c) {
    return Character.isWhitespace(c) || Character.isSpaceChar(c) || c == NO_BREAK;
  }
}
