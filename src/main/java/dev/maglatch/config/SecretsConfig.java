// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.config;

import static java.nio.charset.StandardCharsets.US_ASCII;

import dev.maglatch.secret.Secret;
import dev.maglatch.secret.SecretRing;
import dev.maglatch.settings.Section;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The secrets that everything else is derived from.
 *
 * @param ring null if not all purposes have one
 */
public record SecretsConfig(@Nullable SecretRing ring) {
  /*
   * A purpose's own secret is a master for that purpose alone. So a master can be replaced while,
   * say, the pepper lives on: secrets.pepper is then set to the old master.
   */
  private static final int MIN_BYTES = 32;
  private static final int MAX_RETIRED = 2;
  private static final byte[] DEVELOPMENT_MARK = "maglatch-development-".getBytes(US_ASCII);
  private static final String EXPECTED =
      "base64 of at least 32 random bytes; make one with: openssl rand -base64 48";

  /** Reads {@code secrets.*}. What is missing is a problem in {@link Mode#SERVE} only. */
  static SecretsConfig read(Section secrets, Mode mode) {
    byte[] master = one(secrets, "master", mode);
    List<byte[]> retired = retired(secrets, mode);
    List<byte[]> peppers = purpose(secrets, "pepper", master, retired, mode);
    List<byte[]> checks = purpose(secrets, "check-key", master, retired, mode);
    List<byte[]> encryption = purpose(secrets, "encryption-key", master, retired, mode);
    List<byte[]> sessions = purpose(secrets, "session-key", master, retired, mode);
    if (peppers.isEmpty() || checks.isEmpty() || encryption.isEmpty() || sessions.isEmpty()) {
      if (mode == Mode.SERVE && !secrets.has("master")) {
        secrets.problem("master", EXPECTED);
      }
      return new SecretsConfig(null);
    }
    return new SecretsConfig(SecretRing.derive(peppers, checks, encryption, sessions));
  }

  /** Returns the ring. Throws {@link IllegalStateException} if there is none. */
  public SecretRing require() {
    if (ring == null) {
      throw new IllegalStateException("secrets are checked before they are used");
    }
    return ring;
  }

  /** Makes a master that {@code dev} may use and {@code serve} refuses, as base64. */
  public static Secret developmentMaster(SecureRandom random) {
    byte[] bytes = Arrays.copyOf(DEVELOPMENT_MARK, DEVELOPMENT_MARK.length + MIN_BYTES);
    byte[] entropy = new byte[MIN_BYTES];
    random.nextBytes(entropy);
    System.arraycopy(entropy, 0, bytes, DEVELOPMENT_MARK.length, MIN_BYTES);
    return new Secret(Base64.getEncoder().encodeToString(bytes));
  }

  private static List<byte[]> purpose(
      Section secrets, String key, byte @Nullable [] master, List<byte[]> retired, Mode mode) {
    byte[] own = one(secrets, key, mode);
    byte[] current = own == null ? master : own;
    List<byte[]> keys = new ArrayList<>();
    if (current != null) {
      keys.add(current);
      retired.stream().filter(old -> !Arrays.equals(old, current)).forEach(keys::add);
    }
    return keys;
  }

  private static byte @Nullable [] one(Section secrets, String key, Mode mode) {
    Secret text = secrets.secret(key);
    return text == null ? null : decode(secrets, key, text, mode);
  }

  private static List<byte[]> retired(Section secrets, Mode mode) {
    List<byte[]> masters = new ArrayList<>();
    for (Secret text : secrets.secrets("previous")) {
      byte[] master = decode(secrets, "previous", text, mode);
      if (master != null) {
        masters.add(master);
      }
    }
    if (masters.size() > MAX_RETIRED) {
      secrets.problem("previous", "at most " + MAX_RETIRED + " retired masters");
    }
    return masters;
  }

  private static byte @Nullable [] decode(Section secrets, String key, Secret text, Mode mode) {
    byte[] bytes = decode(text.reveal());
    if (bytes == null || bytes.length < MIN_BYTES) {
      secrets.problem(key, EXPECTED);
      return null;
    }
    if (mode == Mode.SERVE && isForDevelopment(bytes)) {
      secrets.problem(key, "a secret of your own, not the one that dev made; " + EXPECTED);
      return null;
    }
    return bytes;
  }

  /** Reads both alphabets, with or without padding, also over several lines. */
  private static byte @Nullable [] decode(String text) {
    String plain =
        text.replaceAll("\\s", "").replace('+', '-').replace('/', '_').replaceFirst("=+$", "");
    try {
      return Base64.getUrlDecoder().decode(plain);
    } catch (IllegalArgumentException notBase64) {
      return null;
    }
  }

  private static boolean isForDevelopment(byte[] bytes) {
    return Arrays.equals(
        bytes, 0, DEVELOPMENT_MARK.length, DEVELOPMENT_MARK, 0, DEVELOPMENT_MARK.length);
  }
}
