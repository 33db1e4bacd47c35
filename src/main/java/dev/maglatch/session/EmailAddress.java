// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.session;

import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** E-mail addresses in the one spelling that accounts are kept under. */
public final class EmailAddress {
  private static final int MAX_LENGTH = 320;
  private static final Pattern PLAUSIBLE =
      Pattern.compile("[^\\s@\\p{Cntrl}\\p{Cs}]+@[^\\s@\\p{Cntrl}\\p{Cs}]+");

  private EmailAddress() {}

  /** Returns {@code text} trimmed and in lower case, or null if it can be no address. */
  public static @Nullable String normal(String text) {
    String trimmed = text.strip();
    if (trimmed.length() > MAX_LENGTH || !PLAUSIBLE.matcher(trimmed).matches()) {
      return null;
    }
    String lower = trimmed.toLowerCase(Locale.ROOT);
    boolean stable = lower.codePoints().allMatch(each -> Character.toLowerCase(each) == each);
    return stable ? lower : null; // the database lowers character by character, and must agree
  }
}
