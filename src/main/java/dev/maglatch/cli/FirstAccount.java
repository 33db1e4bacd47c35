// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.cli;

import dev.maglatch.config.GatewayConfig;
import dev.maglatch.fault.StartFailure;
import dev.maglatch.key.KeyKind;
import dev.maglatch.key.Tokens;
import dev.maglatch.manage.AccountRecord;
import dev.maglatch.manage.AccountRegistrar;
import dev.maglatch.manage.AccountRegistry.Insertion;
import dev.maglatch.manage.Actor;
import dev.maglatch.manage.CreateAccount;
import dev.maglatch.manage.CreateKey;
import dev.maglatch.manage.Creation;
import dev.maglatch.manage.KeyCaps;
import dev.maglatch.manage.KeyOwner;
import dev.maglatch.manage.KeyRegistrar;
import dev.maglatch.manage.KeySettings;
import dev.maglatch.manage.Page;
import dev.maglatch.manage.RevocationBarrier;
import dev.maglatch.manage.Role;
import dev.maglatch.postgres.Database;
import dev.maglatch.postgres.PgAccountRegistry;
import dev.maglatch.postgres.PgKeyRegistry;
import dev.maglatch.postgres.PoolLimits;
import dev.maglatch.secret.Sealer;
import dev.maglatch.secret.Secret;
import dev.maglatch.secret.SecretRing;
import dev.maglatch.session.Passwords;
import dev.maglatch.session.SessionMetrics;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** The account and the key that {@code dev} makes in an empty database. */
final class FirstAccount {
  static final String EMAIL = "dev@example.com";

  private static final int PASSWORD_BYTES = 15;

  private final AccountRegistrar accounts;
  private final KeyRegistrar keys;
  private final Passwords passwords;
  private final SecureRandom random;

  private FirstAccount(Vertx vertx, Database database, SecretRing ring) {
    this.random = new SecureRandom();
    this.passwords = new Passwords(vertx, random, SessionMetrics.NONE);
    this.accounts =
        new AccountRegistrar(new PgAccountRegistry(database), RevocationBarrier.IMMEDIATE, random);
    this.keys =
        new KeyRegistrar(
            new PgKeyRegistry(database),
            new Tokens(random, ring.checkKeys(), ring.peppers()),
            new Sealer(random, ring.encryptionKeys()),
            RevocationBarrier.IMMEDIATE,
            KeyCaps.DEFAULT,
            random,
            System::nanoTime);
  }

  /** Makes both unless there is any account; then the result is null. */
  static Future<@Nullable Shown> makeUnlessThere(Vertx vertx, GatewayConfig config) {
    Database database =
        Database.open(vertx, config.database().requireAddress(), PoolLimits.DEFAULT);
    FirstAccount first = new FirstAccount(vertx, database, config.secrets().require());
    return first.make().eventually(() -> first.passwords.close().eventually(database::close));
  }

  private Future<@Nullable Shown> make() {
    return accounts
        .list(new Page(1, 0))
        .compose(there -> there.isEmpty() ? makeAccount() : Future.succeededFuture(null));
  }

  private Future<@Nullable Shown> makeAccount() {
    byte[] bytes = new byte[PASSWORD_BYTES];
    random.nextBytes(bytes);
    Secret password = new Secret(Base64.getUrlEncoder().withoutPadding().encodeToString(bytes));
    return passwords
        .hash(password)
        .map(hash -> new CreateAccount(EMAIL, hash, null, Role.OWNER))
        .compose(command -> accounts.create(command, Actor.SYSTEM))
        .compose(this::makeKey)
        .map(Creation::key)
        .map(made -> new Shown(made.key().owner().createdBy(), EMAIL, password, made.token()));
  }

  private Future<Creation> makeKey(Insertion insertion) {
    AccountRecord account = insertion.account();
    if (account == null) {
      return Future.failedFuture(
          new StartFailure("the first account could not be made: " + insertion.outcome()));
    }
    KeyOwner owner = new KeyOwner(account.organizationId(), account.id(), null);
    KeySettings settings = KeySettings.named("first key");
    return keys.create(new CreateKey(KeyKind.MGP, owner, settings, null), Actor.SYSTEM);
  }

  /** What is shown once, and kept nowhere. */
  record Shown(UUID account, String email, Secret password, Secret key) {}
}
