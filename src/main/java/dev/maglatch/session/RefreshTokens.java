// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.session;

import static java.nio.charset.StandardCharsets.US_ASCII;

import dev.maglatch.secret.Secret;
import dev.maglatch.secret.SecretRing.SecretKeyBytes;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Base64;
import java.util.List;
import java.util.UUID;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/** Writes and reads refresh tokens: 64 characters of base64url. */
final class RefreshTokens {
  /*
   * A token is family, generation and a MAC over both. Which generation is the newest is the only
   * thing the store knows, so that
   *   - no refresh token, plain, hashed or encrypted, is ever stored;
   *   - the newest tokens can be written again for whoever did not get the last answer;
   *   - a forged token costs no query.
   * A token of a retired key is as good as one of the current key: generations are used once, not
   * spellings.
   */
  private static final String HMAC = "HmacSHA256";
  private static final int BODY_BYTES = 2 * Long.BYTES + Integer.BYTES;
  private static final int MAC_BYTES = 28;
  private static final int LENGTH = (BODY_BYTES + MAC_BYTES) / 3 * 4;

  private final List<SecretKeySpec> keys;

  /** The first key is the current one; the others only verify. */
  RefreshTokens(List<SecretKeyBytes> sessionKeys) {
    this.keys = sessionKeys.stream().map(RefreshTokens::ownKey).toList();
  }

  Secret write(UUID family, int generation) {
    byte[] body = body(family, generation);
    byte[] mac = hmac(keys.get(0), body);
    byte[] token =
        ByteBuffer.allocate(BODY_BYTES + MAC_BYTES).put(body).put(mac, 0, MAC_BYTES).array();
    return new Secret(Base64.getUrlEncoder().encodeToString(token));
  }

  /** Returns what {@code text} names, or null if it was not written here. */
  @Nullable Presented read(String text) {
    byte[] token = decode(text);
    if (token == null) {
      return null;
    }
    ByteBuffer buffer = ByteBuffer.wrap(token);
    UUID family = new UUID(buffer.getLong(), buffer.getLong());
    int generation = buffer.getInt();
    byte[] mac = new byte[MAC_BYTES];
    buffer.get(mac);
    return signed(body(family, generation), mac) ? new Presented(family, generation) : null;
  }

  private boolean signed(byte[] body, byte[] mac) {
    for (SecretKeySpec key : keys) {
      byte[] expected = ByteBuffer.allocate(MAC_BYTES).put(hmac(key, body), 0, MAC_BYTES).array();
      if (MessageDigest.isEqual(expected, mac)) {
        return true;
      }
    }
    return false;
  }

  private static byte @Nullable [] decode(String text) {
    if (text.length() != LENGTH) {
      return null;
    }
    try {
      return Base64.getUrlDecoder().decode(text);
    } catch (IllegalArgumentException notBase64) {
      return null;
    }
  }

  private static byte[] body(UUID family, int generation) {
    return ByteBuffer.allocate(BODY_BYTES)
        .putLong(family.getMostSignificantBits())
        .putLong(family.getLeastSignificantBits())
        .putInt(generation)
        .array();
  }

  /** JWTs are signed with the session key itself; refresh tokens get a key of their own. */
  private static SecretKeySpec ownKey(SecretKeyBytes sessionKey) {
    SecretKeySpec key = new SecretKeySpec(sessionKey.reveal(), HMAC);
    return new SecretKeySpec(hmac(key, "maglatch refresh token v1".getBytes(US_ASCII)), HMAC);
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

  /** The {@code generation}-th token of {@code family}; the first is 0. */
  record Presented(UUID family, int generation) {}
}
