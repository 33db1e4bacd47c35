// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.manage;

import io.vertx.core.Future;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Where accounts and organizations are kept. Each change and its audit row are one transaction.
 *
 * <p>Every future fails with {@code STORE_UNAVAILABLE} when the store cannot be reached or does not
 * answer in time; a change may then have been made nevertheless.
 */
public interface AccountRegistry {
  /** Stores an account, and an organization named like its e-mail if the command names none. */
  Future<Insertion> insert(CreateAccount command, String userRecordId, Actor actor);

  /** Returns the account with that e-mail, whatever its case, or null. */
  Future<@Nullable AccountRecord> findByEmail(String email);

  Future<@Nullable AccountRecord> find(UUID id);

  /** Returns the accounts, newest first. */
  Future<List<AccountRecord>> list(Page page);

  /** Returns the accounts of one organization, newest first. */
  Future<List<AccountRecord>> members(UUID organizationId, Page page);

  /**
   * Replaces the password and ends every session of the account. Returns whether there is one of
   * that id.
   */
  Future<Boolean> setPasswordHash(UUID id, String passwordHash, Actor actor);

  /** What came of the command to make an account. */
  enum Outcome {
    CREATED,
    EMAIL_TAKEN,
    NOT_AN_EMAIL,
    NO_ORGANIZATION
  }

  /**
   * What came of an insert.
   *
   * @param account present only when {@link Outcome#CREATED}
   */
  record Insertion(Outcome outcome, @Nullable AccountRecord account) {}
}
