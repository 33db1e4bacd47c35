// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.manage;

import static java.util.Objects.requireNonNull;

import dev.maglatch.manage.AccountRegistry.Insertion;
import dev.maglatch.manage.AccountRegistry.Outcome;
import io.vertx.core.Future;
import java.security.SecureRandom;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** What can be done with accounts. Passwords come here hashed. */
public final class AccountRegistrar {
  private static final int MAX_EMAIL = 320;

  private final AccountRegistry registry;
  private final RevocationBarrier barrier;
  private final SecureRandom random;

  public AccountRegistrar(
      AccountRegistry registry, RevocationBarrier barrier, SecureRandom random) {
    this.registry = requireNonNull(registry, "registry");
    this.barrier = requireNonNull(barrier, "barrier");
    this.random = requireNonNull(random, "random");
  }

  /** Makes an account, with an organization of its own unless the command names one. */
  public Future<Insertion> create(CreateAccount command, Actor actor) {
    return isEmail(command.email())
        ? registry.insert(command, UserRecordIds.next(random), actor)
        : Future.succeededFuture(new Insertion(Outcome.NOT_AN_EMAIL, null));
  }

  /** Returns the account with that e-mail, whatever its case, or null. */
  public Future<@Nullable AccountRecord> findByEmail(String email) {
    return isEmail(email) ? registry.findByEmail(email) : Future.succeededFuture();
  }

  public Future<@Nullable AccountRecord> find(UUID id) {
    return registry.find(id);
  }

  /** Returns the accounts, newest first. */
  public Future<List<AccountRecord>> list(Page page) {
    return registry.list(page);
  }

  /** Returns the accounts of one organization, newest first. */
  public Future<List<AccountRecord>> members(UUID organizationId, Page page) {
    return registry.members(organizationId, page);
  }

  /**
   * Replaces the password, ends every session of the account, and waits until that counts on every
   * replica. Returns null if there is no such account.
   */
  public Future<@Nullable Confirmation> setPasswordHash(UUID id, String passwordHash, Actor actor) {
    return registry
        .setPasswordHash(id, passwordHash, actor)
        .compose(found -> found ? barrier.afterChange(id) : Future.succeededFuture());
  }

  /** Whether {@code text} is something before and something after an @, without white space. */
  private static boolean isEmail(String text) {
    int at = text.indexOf('@');
    return at > 0
        && at < text.length() - 1
        && TextRule.accepts(text, MAX_EMAIL)
        && text.chars().noneMatch(c -> Character.isWhitespace(c) || Character.isISOControl(c));
  }
}
