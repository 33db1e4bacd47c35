// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.secret;

import static java.util.Objects.requireNonNull;

import java.util.HexFormat;
import java.util.List;

/**
 * The four keys that Maglatch works with, each with the retired values that are still accepted.
 *
 * <p>The first value of each list is the current one: the only one used for new values. Retired
 * ones only verify and decrypt.
 *
 * @param peppers keys of the hash at rest
 * @param checkKeys keys of the check bytes inside a token
 * @param encryptionKeys keys that webhook secrets are encrypted with
 * @param sessionKeys keys that our own JWTs are signed with
 */
public record SecretRing(
    List<SecretKeyBytes> peppers,
    List<SecretKeyBytes> checkKeys,
    List<SecretKeyBytes> encryptionKeys,
    List<SecretKeyBytes> sessionKeys) {

  public SecretRing {
    peppers = List.copyOf(peppers);
    checkKeys = List.copyOf(checkKeys);
    encryptionKeys = List.copyOf(encryptionKeys);
    sessionKeys = List.copyOf(sessionKeys);
    if (peppers.isEmpty()
        || checkKeys.isEmpty()
        || encryptionKeys.isEmpty()
        || sessionKeys.isEmpty()) {
      throw new IllegalArgumentException("every purpose needs a current key");
    }
  }

  /** Derives all keys of {@code masters}, the current one first (HKDF, one label each). */
  public static SecretRing derive(List<byte[]> masters) {
    return derive(masters, masters, masters, masters);
  }

  /**
   * Derives each purpose's keys from masters of its own, the current one first. A master that
   * serves several purposes still yields a different key for each.
   */
  public static SecretRing derive(
      List<byte[]> pepperMasters,
      List<byte[]> checkMasters,
      List<byte[]> encryptionMasters,
      List<byte[]> sessionMasters) {
    return new SecretRing(
        keys(pepperMasters, "maglatch pepper v1"),
        keys(checkMasters, "maglatch token check v1"),
        keys(encryptionMasters, "maglatch encryption v1"),
        keys(sessionMasters, "maglatch session v1"));
  }

  private static List<SecretKeyBytes> keys(List<byte[]> masters, String label) {
    return masters.stream().map(master -> purpose(master, label)).toList();
  }

  private static SecretKeyBytes purpose(byte[] master, String label) {
    return new SecretKeyBytes(Hkdf.derive(master, label));
  }

  /** 32 bytes that do not print themselves, with a fingerprint that may be shown and stored. */
  public static final class SecretKeyBytes {
    private static final int FINGERPRINT_BYTES = 8;

    private final byte[] bytes;
    private final String fingerprint;

    public SecretKeyBytes(byte[] bytes) {
      this.bytes = requireNonNull(bytes, "bytes").clone();
      this.fingerprint =
          HexFormat.of()
              .formatHex(Hkdf.derive(this.bytes, "maglatch fingerprint v1"), 0, FINGERPRINT_BYTES);
    }

    /** Returns a copy of the bytes. */
    public byte[] reveal() {
      return bytes.clone();
    }

    /** Returns 16 hex digits that name this key and do not reveal it. */
    public String fingerprint() {
      return fingerprint;
    }

    @Override
    public String toString() {
      return "SecretKeyBytes(" + fingerprint + ")";
    }
  }
}
