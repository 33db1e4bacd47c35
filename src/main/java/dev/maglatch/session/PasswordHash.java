// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.session;

import dev.maglatch.secret.Secret;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.text.Normalizer;
import java.util.Base64;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.PBEKeySpec;

/**
 * Password hashes as text: {@code $pbkdf2-sha512$i=210000$<salt>$<hash>}.
 *
 * <p>Every method here costs a tenth of a second or more: never call one on an event loop.
 * Passwords are compared in Unicode normal form C, so that the keyboard does not matter.
 */
public final class PasswordHash {
  /** What OWASP asks of PBKDF2 with HMAC-SHA-512. */
  private static final int ITERATIONS = 210_000;

  /** A row changed by hand must not stop a worker for minutes. */
  private static final int MAX_ITERATIONS = 10_000_000;

  private static final int SALT_BYTES = 16;
  private static final int HASH_BYTES = 32;
  private static final Pattern TEXT =
      Pattern.compile(
          "\\$pbkdf2-sha512\\$i=(\\d{1,8})\\$([A-Za-z0-9+/]{8,128})\\$([A-Za-z0-9+/]{22,128})");

  private PasswordHash() {}

  /** Returns what to store for {@code password}. */
  public static String of(Secret password, SecureRandom random) {
    byte[] salt = new byte[SALT_BYTES];
    random.nextBytes(salt);
    return "$pbkdf2-sha512$i=%d$%s$%s"
        .formatted(
            ITERATIONS, encode(salt), encode(derive(password, salt, ITERATIONS, HASH_BYTES)));
  }

  /** Whether {@code stored} was made from {@code password}; false if it is no hash of ours. */
  public static boolean matches(Secret password, String stored) {
    Matcher text = TEXT.matcher(stored);
    int iterations = text.matches() ? Integer.parseInt(text.group(1)) : 0;
    if (iterations < 1 || iterations > MAX_ITERATIONS) {
      return false;
    }
    try {
      byte[] salt = Base64.getDecoder().decode(text.group(2));
      byte[] hash = Base64.getDecoder().decode(text.group(3));
      return MessageDigest.isEqual(hash, derive(password, salt, iterations, hash.length));
    } catch (IllegalArgumentException notBase64) {
      return false;
    }
  }

  /** Costs what {@link #matches} costs, for an account that does not exist. */
  static void waste(Secret password) {
    byte[] unused = derive(password, new byte[SALT_BYTES], ITERATIONS, HASH_BYTES);
    if (unused.length != HASH_BYTES) {
      throw new IllegalStateException("hash of " + unused.length + " bytes");
    }
  }

  private static byte[] derive(Secret password, byte[] salt, int iterations, int bytes) {
    char[] text = Normalizer.normalize(password.reveal(), Normalizer.Form.NFC).toCharArray();
    PBEKeySpec spec = new PBEKeySpec(text, salt, iterations, bytes * Byte.SIZE);
    try {
      return SecretKeyFactory.getInstance("PBKDF2WithHmacSHA512").generateSecret(spec).getEncoded();
    } catch (GeneralSecurityException impossible) {
      throw new IllegalStateException("PBKDF2WithHmacSHA512 is part of every JDK", impossible);
    } finally {
      spec.clearPassword();
    }
  }

  private static String encode(byte[] bytes) {
    return Base64.getEncoder().withoutPadding().encodeToString(bytes);
  }
}
