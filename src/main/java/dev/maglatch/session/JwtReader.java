// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.session;

import com.nimbusds.jose.JWSVerifier;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import dev.maglatch.session.OutsideIssuers.Issuer;
import dev.maglatch.verify.Verdict;
import io.vertx.core.Future;
import java.text.ParseException;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Reads JWTs and checks all that the token itself can tell: signature, algorithm, issuer, audience
 * and times. Whether its session goes on is for {@link SessionVerifier} to ask.
 *
 * <p>The issuer decides which algorithm and keys are used, never the token's header.
 */
public final class JwtReader {
  private static final int MAX_LENGTH = 8_192;

  /** Ours are longer: their signature and ids alone are. */
  private static final int MIN_OWN_LENGTH = 128;

  private static final int MAX_SUBJECT = 255;

  /** An issuer's clock may be this much ahead of ours. There is no allowance for expiry. */
  private static final Duration AHEAD = Duration.ofSeconds(5);

  private final AccessTokens own;
  private final OutsideIssuers outside;

  JwtReader(AccessTokens own, OutsideIssuers outside) {
    this.own = own;
    this.outside = outside;
  }

  /** Reads {@code text} without I/O. Never throws. */
  Reading read(String text, Instant now) {
    if (text.length() > MAX_LENGTH) {
      return Reading.MALFORMED;
    }
    try {
      SignedJWT jwt = SignedJWT.parse(text); // refuses "alg": "none"
      JWTClaimsSet claims = jwt.getJWTClaimsSet();
      if (claims == null || claims.getIssuer() == null || claims.getSubject() == null) {
        return Reading.UNKNOWN;
      }
      return own.issuer().equals(claims.getIssuer())
          ? readOwn(jwt, claims, now)
          : readOutside(jwt, claims, now);
    } catch (ParseException | RuntimeException notAJwt) {
      return Reading.MALFORMED;
    }
  }

  /** Whether {@code text} is signed with one of our keys in our name, whatever else it says. */
  boolean isOwn(String text) {
    if (text.length() < MIN_OWN_LENGTH || text.length() > MAX_LENGTH || !text.startsWith("eyJ")) {
      return false;
    }
    try {
      SignedJWT jwt = SignedJWT.parse(text);
      return own.signed(jwt) && own.issuer().equals(jwt.getJWTClaimsSet().getIssuer());
    } catch (ParseException | RuntimeException notAJwt) {
      return false;
    }
  }

  /** Asks for the issuer's keys and reads again. Fails with a fault if they cannot be had. */
  Future<Reading> readWithKeys(Reading.KeysNeeded needed) {
    return needed
        .issuer()
        .keys()
        .find(needed.jwt().getHeader().getKeyID())
        .map(keys -> signed(needed, keys));
  }

  private Reading readOwn(SignedJWT jwt, JWTClaimsSet claims, Instant now) throws ParseException {
    if (!own.signed(jwt)) {
      return Reading.UNKNOWN;
    }
    Reading.Refused refused = refuse(claims, AccessTokens.AUDIENCE, now);
    if (refused != null) {
      return refused;
    }
    UUID family = UUID.fromString(claims.getStringClaim(AccessTokens.CLAIM_FAMILY));
    return new Reading.Good(
        claims.getIssuer(),
        claims.getSubject(),
        family,
        claims.getExpirationTime().toInstant(),
        null,
        false);
  }

  private Reading readOutside(SignedJWT jwt, JWTClaimsSet claims, Instant now) {
    Issuer issuer = outside.named(claims.getIssuer());
    String subject = claims.getSubject();
    if (issuer == null
        || !issuer.speaks(jwt)
        || subject.isEmpty()
        || subject.length() > MAX_SUBJECT
        || subject.indexOf('\0') >= 0) {
      return Reading.UNKNOWN;
    }
    Reading.Refused refused = refuse(claims, issuer.config().audience(), now);
    if (refused != null) {
      return refused; // whatever its signature: no reason to ask for keys
    }
    Reading.KeysNeeded needed = new Reading.KeysNeeded(issuer, jwt, claims);
    List<JWSVerifier> keys = issuer.keys().known(jwt.getHeader().getKeyID());
    return keys == null ? needed : signed(needed, keys);
  }

  private static Reading signed(Reading.KeysNeeded needed, List<JWSVerifier> keys) {
    if (!needed.issuer().signed(needed.jwt(), keys)) {
      return Reading.UNKNOWN;
    }
    JWTClaimsSet claims = needed.claims();
    return new Reading.Good(
        claims.getIssuer(),
        claims.getSubject(),
        null,
        claims.getExpirationTime().toInstant(),
        verifiedEmail(claims),
        needed.issuer().config().autoProvision());
  }

  private static Reading.@Nullable Refused refuse(
      JWTClaimsSet claims, String audience, Instant now) {
    Date expiry = claims.getExpirationTime();
    if (expiry == null || !claims.getAudience().contains(audience)) {
      return Reading.UNKNOWN;
    }
    if (!now.isBefore(expiry.toInstant())) {
      return Reading.EXPIRED;
    }
    Date notBefore = claims.getNotBeforeTime();
    return notBefore != null && notBefore.toInstant().isAfter(now.plus(AHEAD))
        ? Reading.UNKNOWN
        : null;
  }

  /** An address that its issuer has not checked is nobody's name. */
  private static @Nullable String verifiedEmail(JWTClaimsSet claims) {
    return Boolean.TRUE.equals(claims.getClaim("email_verified"))
            && claims.getClaim("email") instanceof String email
        ? EmailAddress.normal(email)
        : null;
  }

  /** What the token itself tells. */
  sealed interface Reading {
    Refused MALFORMED = new Refused(Verdict.MALFORMED);
    Refused UNKNOWN = new Refused(Verdict.UNKNOWN);
    Refused EXPIRED = new Refused(Verdict.EXPIRED);

    record Refused(Verdict verdict) implements Reading {}

    /** All is well, if the issuer has signed it: its keys must be asked for. */
    record KeysNeeded(Issuer issuer, SignedJWT jwt, JWTClaimsSet claims) implements Reading {}

    /**
     * A good token.
     *
     * @param family null for a token of an outside issuer
     * @param email null unless the issuer says that it is the subject's
     * @param mayProvision whether an unseen subject gets an account
     */
    record Good(
        String issuer,
        String subject,
        @Nullable UUID family,
        Instant expiresAt,
        @Nullable String email,
        boolean mayProvision)
        implements Reading {}
  }
}
