// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.manage;

import java.security.SecureRandom;

/** Makes {@code user_record_id}s: {@code rec} and 14 base62 digits. */
public final class UserRecordIds {
  private static final String DIGITS =
      "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  private static final int LENGTH = 14;

  private UserRecordIds() {}

  public static String next(SecureRandom random) {
    StringBuilder id = new StringBuilder("rec");
    for (int i = 0; i < LENGTH; i++) {
      id.append(DIGITS.charAt(random.nextInt(DIGITS.length())));
    }
    return id.toString();
  }
}
