// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.session;

import dev.maglatch.secret.Secret;
import io.vertx.core.Future;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Accounts as sessions read and make them. Every call fails with a {@link dev.maglatch.fault.Fault}
 * when the store gave no answer.
 */
public interface AccountStore {
  /** Returns the account with this (normal) e-mail address, or null. */
  Future<@Nullable SessionAccount> byEmail(String email);

  /** Returns the account, or null. */
  Future<@Nullable SessionAccount> byId(UUID id);

  /**
   * Makes an account with an organization of its own for a subject of an outside issuer; returns
   * the existing one if another call was faster. {@code email} is only used if it is nobody's.
   */
  Future<SessionAccount> provision(String issuer, String subject, @Nullable String email);

  /** Makes an account with an organization of its own; null if the e-mail address is taken. */
  Future<@Nullable SessionAccount> signUp(String email, Secret passwordHash, Origin origin);

  /**
   * Replaces the password, if it is still the expected one, and ends every session of the account
   * but the kept one. Returns false if it was not.
   */
  Future<Boolean> changePassword(PasswordChange change);

  /**
   * A change of password.
   *
   * @param expected the hash that the current password was checked against
   * @param keptFamily the session that asked, which goes on; null ends all
   */
  record PasswordChange(
      UUID account,
      Secret expected,
      Secret replacement,
      @Nullable UUID keptFamily,
      Origin origin) {}
}
