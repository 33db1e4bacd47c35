// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.secret;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;

import dev.maglatch.secret.SecretRing.SecretKeyBytes;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.UUID;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.SecretKey;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * Encrypts texts that must be had in clear again, with AES-256-GCM. Each is bound to the id of the
 * row it belongs to: moved to another row, it does not open. Safe on any thread.
 *
 * <p>Written as version (1 byte), the key's fingerprint (8), nonce (12), ciphertext and tag.
 */
public final class Sealer {
  private static final String AES_GCM = "AES/GCM/NoPadding";
  private static final byte VERSION = 1;
  private static final int FINGERPRINT_BYTES = 8;
  private static final int NONCE_BYTES = 12;
  private static final int TAG_BYTES = 16;
  private static final int HEAD_BYTES = 1 + FINGERPRINT_BYTES + NONCE_BYTES;

  private final SecureRandom random;
  private final List<NamedKey> keys;

  private record NamedKey(SecretKey key, String fingerprint) {}

  /** The first of {@code keys} encrypts; all of them decrypt. */
  public Sealer(SecureRandom random, List<SecretKeyBytes> keys) {
    this.random = requireNonNull(random, "random");
    this.keys = new ArrayList<>();
    for (SecretKeyBytes key : keys) {
      this.keys.add(new NamedKey(new SecretKeySpec(key.reveal(), "AES"), key.fingerprint()));
    }
  }

  /** Encrypts {@code text} for the row {@code owner}, differently each time. */
  public SealedText seal(Secret text, UUID owner) {
    NamedKey current = keys.get(0);
    byte[] nonce = new byte[NONCE_BYTES];
    random.nextBytes(nonce);
    byte[] plain = text.reveal().getBytes(UTF_8);
    ByteBuffer sealed = ByteBuffer.allocate(HEAD_BYTES + plain.length + TAG_BYTES);
    sealed.put(VERSION).put(HexFormat.of().parseHex(current.fingerprint())).put(nonce);
    try {
      sealed.put(cipher(Cipher.ENCRYPT_MODE, current, nonce, owner).doFinal(plain));
    } catch (GeneralSecurityException impossible) {
      throw new IllegalStateException(AES_GCM + " is part of every JDK", impossible);
    }
    return new SealedText(sealed.array());
  }

  /**
   * Returns the text, or null if it was sealed with a key that is not here, for another row, or was
   * changed.
   */
  public @Nullable Secret open(SealedText sealed, UUID owner) {
    byte[] bytes = sealed.bytes();
    if (bytes.length < HEAD_BYTES + TAG_BYTES || bytes[0] != VERSION) {
      return null;
    }
    ByteBuffer reader = ByteBuffer.wrap(bytes, 1, bytes.length - 1);
    NamedKey key = key(take(reader, FINGERPRINT_BYTES));
    return key == null ? null : open(reader, key, owner);
  }

  private static @Nullable Secret open(ByteBuffer reader, NamedKey key, UUID owner) {
    byte[] nonce = take(reader, NONCE_BYTES);
    byte[] secret = take(reader, reader.remaining());
    try {
      return new Secret(
          new String(cipher(Cipher.DECRYPT_MODE, key, nonce, owner).doFinal(secret), UTF_8));
    } catch (AEADBadTagException changed) {
      return null;
    } catch (GeneralSecurityException impossible) {
      throw new IllegalStateException(AES_GCM + " is part of every JDK", impossible);
    }
  }

  private @Nullable NamedKey key(byte[] fingerprint) {
    String wanted = HexFormat.of().formatHex(fingerprint);
    for (NamedKey key : keys) {
      if (key.fingerprint().equals(wanted)) {
        return key;
      }
    }
    return null;
  }

  private static Cipher cipher(int mode, NamedKey key, byte[] nonce, UUID owner)
      throws GeneralSecurityException {
    Cipher cipher = Cipher.getInstance(AES_GCM);
    cipher.init(mode, key.key(), new GCMParameterSpec(TAG_BYTES * Byte.SIZE, nonce));
    cipher.updateAAD(
        ByteBuffer.allocate(2 * Long.BYTES)
            .putLong(owner.getMostSignificantBits())
            .putLong(owner.getLeastSignificantBits())
            .array());
    return cipher;
  }

  private static byte[] take(ByteBuffer reader, int length) {
    byte[] bytes = new byte[length];
    reader.get(bytes);
    return bytes;
  }
}
