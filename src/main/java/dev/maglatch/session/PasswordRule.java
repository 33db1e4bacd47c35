// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.session;

import dev.maglatch.secret.Secret;

/** What a new password must be: 8 to 1,024 characters, and text. */
public final class PasswordRule {
  public static final int MIN_LENGTH = 8;
  public static final int MAX_LENGTH = 1_024;

  private PasswordRule() {}

  public static boolean allows(Secret password) {
    String text = password.reveal();
    return text.codePointCount(0, text.length()) >= MIN_LENGTH
        && text.length() <= MAX_LENGTH
        && text.codePoints().noneMatch(PasswordRule::isLoneSurrogate);
  }

  private static boolean isLoneSurrogate(int codePoint) {
    return codePoint >= Character.MIN_SURROGATE && codePoint <= Character.MAX_SURROGATE;
  }
}
