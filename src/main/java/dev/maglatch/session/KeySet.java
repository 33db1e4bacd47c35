// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.session;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSVerifier;
import com.nimbusds.jose.crypto.ECDSAVerifier;
import com.nimbusds.jose.crypto.RSASSAVerifier;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.KeyUse;
import com.nimbusds.jose.util.JSONObjectUtils;
import java.security.PublicKey;
import java.security.interfaces.ECPublicKey;
import java.security.interfaces.RSAPublicKey;
import java.text.ParseException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The keys of an outside issuer that fit its one algorithm. Immutable. */
final class KeySet {
  private static final int MAX_KEYS = 50;
  private static final int MIN_RSA_BITS = 2048;

  private final List<Named> keys;

  private KeySet(List<Named> keys) {
    this.keys = List.copyOf(keys);
  }

  /**
   * Reads a JWKS document. Keys for other uses or algorithms are left out, and so is all beyond 50.
   * Throws {@link IllegalArgumentException} if it is none.
   */
  static KeySet parse(String json, IssuerConfig.Algorithm algorithm) {
    try {
      List<Named> keys = new ArrayList<>();
      for (Map<String, Object> text : listed(json)) {
        Named key = key(text, algorithm);
        if (key != null && keys.size() < MAX_KEYS) {
          keys.add(key);
        }
      }
      return new KeySet(keys);
    } catch (ParseException notASet) {
      throw new IllegalArgumentException("not a JWK set", notASet);
    }
  }

  /** Throws {@link IllegalArgumentException} if {@code key} does not fit {@code algorithm}. */
  static JWSVerifier verifier(PublicKey key, IssuerConfig.Algorithm algorithm) {
    try {
      return switch (algorithm) {
        case RS256 -> new RSASSAVerifier(strong((RSAPublicKey) key));
        case ES256 -> new ECDSAVerifier((ECPublicKey) key);
      };
    } catch (JOSEException | ClassCastException unfit) {
      throw new IllegalArgumentException("public key does not fit " + algorithm, unfit);
    }
  }

  /** Returns the keys of that name; all of them for a token that names none. */
  List<JWSVerifier> named(@Nullable String kid) {
    return keys.stream()
        .filter(key -> kid == null || key.kid() == null || kid.equals(key.kid()))
        .map(Named::verifier)
        .toList();
  }

  private static List<Map<String, Object>> listed(String json) throws ParseException {
    Map<String, Object>[] keys =
        JSONObjectUtils.getJSONObjectArray(JSONObjectUtils.parse(json), "keys");
    if (keys == null) {
      throw new ParseException("no keys", 0);
    }
    return List.of(keys);
  }

  /** Returns null for a key that is broken or of no use here: it must not spoil the others. */
  private static @Nullable Named key(Map<String, Object> text, IssuerConfig.Algorithm algorithm) {
    try {
      JWK key = JWK.parse(text);
      JWSVerifier verifier = fits(key, algorithm) ? verifier(key, algorithm) : null;
      return verifier == null ? null : new Named(key.getKeyID(), verifier);
    } catch (ParseException | RuntimeException broken) {
      return null;
    }
  }

  private static boolean fits(JWK key, IssuerConfig.Algorithm algorithm) {
    boolean signs = key.getKeyUse() == null || KeyUse.SIGNATURE.equals(key.getKeyUse());
    boolean sameAlgorithm =
        key.getAlgorithm() == null || key.getAlgorithm().getName().equals(algorithm.name());
    return signs && sameAlgorithm;
  }

  private static @Nullable JWSVerifier verifier(JWK key, IssuerConfig.Algorithm algorithm)
      throws ParseException {
    try {
      return switch (algorithm) {
        case RS256 -> verifier(key.toRSAKey().toRSAPublicKey(), algorithm);
        case ES256 ->
            Curve.P_256.equals(key.toECKey().getCurve())
                ? verifier(key.toECKey().toECPublicKey(), algorithm)
                : null;
      };
    } catch (JOSEException broken) {
      throw new ParseException(broken.getMessage(), 0);
    }
  }

  private static RSAPublicKey strong(RSAPublicKey key) {
    if (key.getModulus().bitLength() < MIN_RSA_BITS) {
      throw new IllegalArgumentException("RSA key (expected: 2048 bits or more)");
    }
    return key;
  }

  private record Named(@Nullable String kid, JWSVerifier verifier) {}
}
