// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.key;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import dev.maglatch.secret.SecretRing.SecretKeyBytes;
import java.security.DigestException;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.List;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Makes tokens, tells ours from forged ones, and hashes them.
 *
 * <p>Check bytes are a truncated HMAC-SHA-256 over the random bytes. They are no credential: they
 * only keep a guess from costing a query. Safe on any thread; nothing here keeps a token.
 */
public final class Tokens {
  private static final String HMAC = "HmacSHA256";
  private static final ThreadLocal<Scratch> SCRATCH = ThreadLocal.withInitial(Scratch::new);

  private final SecureRandom random;
  private final List<SecretKeySpec> checkKeys;
  private final List<SecretKeySpec> peppers;
  private final String currentPepper;
  private final List<String> pepperNames;

  /** The first of each list is the current one; the others only verify. */
  public Tokens(SecureRandom random, List<SecretKeyBytes> checkKeys, List<SecretKeyBytes> peppers) {
    this.random = random;
    this.checkKeys = specs(checkKeys);
    this.peppers = specs(peppers);
    this.currentPepper = peppers.get(0).fingerprint();
    this.pepperNames = peppers.stream().map(SecretKeyBytes::fingerprint).toList();
  }

  /** Makes a new token. */
  public String mint(TokenShape shape) {
    byte[] randomPart = new byte[shape.randomBytes()];
    random.nextBytes(randomPart);
    byte[] bytes = Arrays.copyOf(randomPart, shape.randomBytes() + shape.checkBytes());
    byte[] mac = hmac(checkKeys.get(0), randomPart);
    System.arraycopy(mac, 0, bytes, shape.randomBytes(), shape.checkBytes());
    return shape.write(bytes);
  }

  /** Whether {@code token} is canonically written in one of the two shapes. */
  public static boolean wellFormed(String token) {
    TokenShape shape = TokenShape.of(token);
    return shape != null && shape.read(token) != null;
  }

  /** Whether {@code token} is well-formed and its check bytes were made with one of our keys. */
  public boolean checked(String token) {
    TokenShape shape = TokenShape.of(token);
    byte[] bytes = shape == null ? null : shape.read(token);
    if (shape == null || bytes == null) {
      return false;
    }
    byte[] randomPart = Arrays.copyOf(bytes, shape.randomBytes());
    byte[] check = Arrays.copyOfRange(bytes, shape.randomBytes(), bytes.length);
    for (SecretKeySpec key : checkKeys) {
      byte[] mac = hmac(key, randomPart);
      if (MessageDigest.isEqual(check, Arrays.copyOf(mac, shape.checkBytes()))) {
        return true;
      }
    }
    return false;
  }

  /** Returns {@code SHA-256(token)}: the key of the cache. */
  public static TokenHash sha256(String token) {
    return SCRATCH.get().sha256(token);
  }

  /**
   * Returns {@code HMAC-SHA-256(pepper, sha256)} for every pepper, the current one first: what the
   * database may hold for this token.
   */
  public List<TokenHash> stored(TokenHash sha256) {
    byte[] text = sha256.bytes();
    return peppers.stream().map(pepper -> TokenHash.of(hmac(pepper, text))).toList();
  }

  /** Returns the hash that a new row gets. */
  public TokenHash storedNow(TokenHash sha256) {
    return TokenHash.of(hmac(peppers.get(0), sha256.bytes()));
  }

  /** Returns the fingerprint of the pepper that {@link #storedNow} uses. */
  public String currentPepper() {
    return currentPepper;
  }

  /** Whether a hash made with the pepper of that fingerprint can be found. */
  public boolean knowsPepper(String fingerprint) {
    return pepperNames.contains(fingerprint);
  }

  private static List<SecretKeySpec> specs(List<SecretKeyBytes> keys) {
    return keys.stream().map(key -> new SecretKeySpec(key.reveal(), HMAC)).toList();
  }

  private static byte[] hmac(SecretKeySpec key, byte[] text) {
    try {
      Mac mac = Mac.getInstance(HMAC);
      mac.init(key);
      return mac.doFinal(text);
    } catch (GeneralSecurityException impossible) {
      throw new IllegalStateException(HMAC + " is part of every JDK", impossible);
    }
  }

  /** What one thread hashes with, so that a request leaves no arrays behind. */
  private static final class Scratch {
    private static final int LONGEST = 64;

    private final MessageDigest digest = newSha256();
    private final byte[] text = new byte[LONGEST];
    private final byte[] hash = new byte[TokenHash.BYTES];

    TokenHash sha256(String token) {
      int length = token.length();
      if (length > LONGEST || !copyAscii(token)) {
        return TokenHash.of(digest.digest(token.getBytes(ISO_8859_1)));
      }
      digest.update(text, 0, length);
      Arrays.fill(text, 0, length, (byte) 0); // a token is not kept
      try {
        digest.digest(hash, 0, TokenHash.BYTES);
      } catch (DigestException impossible) {
        throw new IllegalStateException("32 bytes are enough for SHA-256", impossible);
      }
      return TokenHash.of(hash);
    }

    private boolean copyAscii(String token) {
      for (int i = 0; i < token.length(); i++) {
        char c = token.charAt(i);
        if (c > 127) {
          Arrays.fill(text, 0, i, (byte) 0);
          return false;
        }
        text[i] = (byte) c;
      }
      return true;
    }

    private static MessageDigest newSha256() {
      try {
        return MessageDigest.getInstance("SHA-256");
      } catch (NoSuchAlgorithmException impossible) {
        throw new IllegalStateException("SHA-256 is part of every JDK", impossible);
      }
    }
  }
}
