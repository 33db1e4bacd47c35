// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.key;

import java.util.Base64;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/** How a token is written: prefix, then random bytes and check bytes in one of two alphabets. */
public enum TokenShape {
  /** {@code mgp_} and 40 lower-case hex digits. */
  MGP("mgp_", 44, 8, 16, 4) {
    @Override
    String encode(byte[] bytes) {
      return HexFormat.of().formatHex(bytes);
    }

    @Override
    byte @Nullable [] decode(String digits) {
      for (int i = 0; i < digits.length(); i++) {
        char digit = digits.charAt(i);
        if (!(digit >= '0' && digit <= '9') && !(digit >= 'a' && digit <= 'f')) {
          return null;
        }
      }
      return HexFormat.of().parseHex(digits);
    }
  },

  /** {@code mp_} and 43 characters of unpadded base64url. */
  MP("mp_", 46, 9, 26, 6) {
    @Override
    String encode(byte[] bytes) {
      return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }

    @Override
    byte @Nullable [] decode(String digits) {
      try {
        byte[] bytes = Base64.getUrlDecoder().decode(digits);
        return encode(bytes).equals(digits) ? bytes : null; // spare bits must be clear
      } catch (IllegalArgumentException notBase64) {
        return null;
      }
    }
  };

  private final String prefix;
  private final int length;
  private final int shownLength;
  private final int randomBytes;
  private final int checkBytes;

  TokenShape(String prefix, int length, int shownLength, int randomBytes, int checkBytes) {
    this.prefix = prefix;
    this.length = length;
    this.shownLength = shownLength;
    this.randomBytes = randomBytes;
    this.checkBytes = checkBytes;
  }

  /** Returns the shape whose prefix {@code token} begins with, or null. */
  public static @Nullable TokenShape of(String token) {
    if (token.startsWith(MGP.prefix)) {
      return MGP;
    }
    return token.startsWith(MP.prefix) ? MP : null;
  }

  /** Returns the shape that {@code token} has by prefix and length, or null: a cheap first look. */
  public static @Nullable TokenShape lookingLike(String token) {
    TokenShape shape = of(token);
    return shape != null && token.length() == shape.length ? shape : null;
  }

  public String prefix() {
    return prefix;
  }

  /** Returns the part of {@code token} that may be shown and stored. */
  public String shownPrefix(String token) {
    return token.substring(0, shownLength);
  }

  int randomBytes() {
    return randomBytes;
  }

  int checkBytes() {
    return checkBytes;
  }

  String write(byte[] randomAndCheck) {
    return prefix + encode(randomAndCheck);
  }

  /** Returns random and check bytes, or null if {@code token} is not canonically of this shape. */
  byte @Nullable [] read(String token) {
    if (token.length() != length || !token.startsWith(prefix)) {
      return null;
    }
    byte[] bytes = decode(token.substring(prefix.length()));
    return bytes != null && bytes.length == randomBytes + checkBytes ? bytes : null;
  }

  abstract String encode(byte[] bytes);

  abstract byte @Nullable [] decode(String digits);
}
