// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.secret;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.security.GeneralSecurityException;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * HKDF with SHA-256 (RFC 5869), without salt, for outputs of one block.
 *
 * <p>The JDK has its own only from 24 on.
 */
final class Hkdf {
  private static final String HMAC = "HmacSHA256";
  private static final int BLOCK_BYTES = 32;

  private Hkdf() {}

  /** Returns 32 bytes that belong to {@code label} alone and do not reveal {@code master}. */
  static byte[] derive(byte[] master, String label) {
    byte[] pseudoRandomKey = hmac(new byte[BLOCK_BYTES], master);
    byte[] info = label.getBytes(US_ASCII);
    byte[] block = new byte[info.length + 1];
    System.arraycopy(info, 0, block, 0, info.length);
    block[info.length] = 1; // the number of the only block
    return hmac(pseudoRandomKey, block);
  }

  private static byte[] hmac(byte[] key, byte[] text) {
    try {
      Mac mac = Mac.getInstance(HMAC);
      mac.init(new SecretKeySpec(key, HMAC));
      return mac.doFinal(text);
    } catch (GeneralSecurityException impossible) {
      throw new IllegalStateException(HMAC + " is part of every JDK", impossible);
    }
  }
}
