// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.session;

import dev.maglatch.key.TokenHash;
import dev.maglatch.session.SessionLookup.Standing;
import io.vertx.core.Future;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Families of sessions: one for each sign-in. Every call fails with a {@link
 * dev.maglatch.fault.Fault} when the store gave no answer.
 */
public interface SessionStore {
  /**
   * Opens a family. Returns its id, or null if the account is now disabled or has another password:
   * a sign-in that overlaps a change of password must not survive it.
   */
  Future<@Nullable UUID> open(NewSession session);

  /**
   * Judges the token of number {@code generation} by {@link FamilyState#judge} and does what it
   * says, in one transaction: spends it, or ends the family.
   */
  Future<Refreshed> refresh(UUID family, int generation, Duration lifetime, Origin origin);

  /** Returns the cookie session with this hash, or null; expired ones are not found. */
  Future<@Nullable Standing> standingOfCookie(TokenHash cookieHash);

  /** Ends one family of {@code account}; false if it is not its, or had ended. */
  Future<Boolean> end(UUID account, UUID family, Origin origin);

  /** Ends every family of {@code account} but {@code kept}; returns those that it ended. */
  Future<List<UUID>> endAll(UUID account, @Nullable UUID kept, Origin origin);

  /** Returns the open sessions of {@code account}, newest first, at most 100. */
  Future<List<OpenSession>> list(UUID account);

  /** Deletes at most 500 families that nothing needs any more; returns how many. */
  Future<Integer> deleteOver();

  /**
   * A session to open.
   *
   * @param account as it was when the password was checked
   * @param cookieHash SHA-256 of the cookie's value; null for a session of tokens
   */
  record NewSession(
      SessionAccount account, @Nullable TokenHash cookieHash, Duration lifetime, Origin origin) {}

  /**
   * What became of a refresh token.
   *
   * @param account null unless new tokens may be handed out
   * @param generation number of the newest token
   */
  record Refreshed(
      FamilyState.Judgement judgement, @Nullable SessionAccount account, int generation) {}

  /** A session as shown to its account. */
  record OpenSession(
      UUID id,
      boolean cookie,
      Instant createdAt,
      Instant lastUsedAt,
      Instant expiresAt,
      @Nullable String address,
      @Nullable String userAgent) {}
}
