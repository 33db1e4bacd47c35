// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.session;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.MACSigner;
import com.nimbusds.jose.crypto.MACVerifier;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import dev.maglatch.secret.Secret;
import dev.maglatch.secret.SecretRing.SecretKeyBytes;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.Date;
import java.util.List;
import java.util.UUID;

/**
 * Our own JWTs: HS256, good for 3,600 s, signed with the current session key. Retired keys verify.
 */
final class AccessTokens {
  static final Duration LIFETIME = Duration.ofHours(1);
  static final String AUDIENCE = "authenticated";
  static final String CLAIM_FAMILY = "session_id";

  private static final int JTI_BYTES = 16;

  private final String issuer;
  private final JWSHeader header;
  private final MACSigner signer;
  private final List<MACVerifier> verifiers;
  private final SecureRandom random;

  /**
   * @param issuer the public URL, exactly as the tokens name it
   * @param sessionKeys the first one signs
   */
  AccessTokens(String issuer, List<SecretKeyBytes> sessionKeys, SecureRandom random) {
    this.issuer = issuer;
    this.random = random;
    SecretKeyBytes current = sessionKeys.get(0);
    this.header =
        new JWSHeader.Builder(JWSAlgorithm.HS256)
            .type(JOSEObjectType.JWT)
            .keyID(current.fingerprint())
            .build();
    try {
      this.signer = new MACSigner(current.reveal());
    } catch (JOSEException tooShort) {
      throw new IllegalArgumentException("session key (expected: 32 bytes or more)", tooShort);
    }
    this.verifiers = sessionKeys.stream().map(AccessTokens::verifier).toList();
  }

  String issuer() {
    return issuer;
  }

  Secret issue(SessionAccount account, UUID family, Instant now) {
    JWTClaimsSet claims =
        new JWTClaimsSet.Builder()
            .issuer(issuer)
            .subject(account.id().toString())
            .audience(AUDIENCE)
            .expirationTime(Date.from(now.plus(LIFETIME)))
            .issueTime(Date.from(now))
            .jwtID(newId())
            .claim(CLAIM_FAMILY, family.toString())
            .claim("email", account.email())
            .claim("role", AUDIENCE)
            .build();
    SignedJWT jwt = new SignedJWT(header, claims);
    try {
      jwt.sign(signer);
    } catch (JOSEException impossible) {
      throw new IllegalStateException("HmacSHA256 is part of every JDK", impossible);
    }
    return new Secret(jwt.serialize());
  }

  /** Whether {@code jwt} is signed with one of our keys, by HS256 and nothing else. */
  boolean signed(SignedJWT jwt) {
    if (!JWSAlgorithm.HS256.equals(jwt.getHeader().getAlgorithm())) {
      return false;
    }
    for (MACVerifier verifier : verifiers) {
      try {
        if (jwt.verify(verifier)) {
          return true;
        }
      } catch (JOSEException | IllegalStateException refused) {
        return false; // a header that we do not understand
      }
    }
    return false;
  }

  private static MACVerifier verifier(SecretKeyBytes key) {
    try {
      return new MACVerifier(key.reveal());
    } catch (JOSEException tooShort) {
      throw new IllegalArgumentException("session key (expected: 32 bytes or more)", tooShort);
    }
  }

  private String newId() {
    byte[] id = new byte[JTI_BYTES];
    random.nextBytes(id);
    return Base64.getUrlEncoder().withoutPadding().encodeToString(id);
  }
}
