// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.session;

import dev.maglatch.secret.Secret;
import dev.maglatch.secret.SecretRing;
import java.security.SecureRandom;
import java.time.Instant;
import java.time.InstantSource;
import java.util.UUID;

/** Writes the tokens of a session, with the keys of the ring. Safe on any thread. */
public final class SessionTokens {
  private final AccessTokens access;
  private final RefreshTokens refresh;
  private final InstantSource clock;

  /**
   * @param publicUrl the gateway's own URL, which is the issuer's name
   */
  public SessionTokens(
      String publicUrl, SecretRing ring, SecureRandom random, InstantSource clock) {
    this.access = new AccessTokens(publicUrl, ring.sessionKeys(), random);
    this.refresh = new RefreshTokens(ring.sessionKeys());
    this.clock = clock;
  }

  /** Returns the reader of our JWTs and those of {@code outside} issuers. */
  public JwtReader reader(OutsideIssuers outside) {
    return new JwtReader(access, outside);
  }

  RefreshTokens refresh() {
    return refresh;
  }

  Grant grant(SessionAccount account, UUID family, int generation) {
    Instant now = clock.instant();
    return new Grant(
        access.issue(account, family, now),
        now.plus(AccessTokens.LIFETIME).getEpochSecond(),
        refresh.write(family, generation),
        account,
        family);
  }

  /**
   * What a sign-in or a refresh yields.
   *
   * @param expiresAt of the access token, in seconds since the epoch
   */
  public record Grant(
      Secret accessToken,
      long expiresAt,
      Secret refreshToken,
      SessionAccount account,
      UUID family) {
    /** For how many seconds an access token is good. */
    public static final long EXPIRES_IN = AccessTokens.LIFETIME.toSeconds();
  }
}
