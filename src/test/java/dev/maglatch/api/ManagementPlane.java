// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.api;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.maglatch.Await;
import dev.maglatch.key.KeyKind;
import dev.maglatch.key.KeyPolicy;
import dev.maglatch.key.Principal;
import dev.maglatch.key.Tokens;
import dev.maglatch.manage.AccountRecord;
import dev.maglatch.manage.AccountRegistrar;
import dev.maglatch.manage.Actor;
import dev.maglatch.manage.AuditLog;
import dev.maglatch.manage.CreateAccount;
import dev.maglatch.manage.CreateKey;
import dev.maglatch.manage.Creation.IssuedKey;
import dev.maglatch.manage.DeliveryBook;
import dev.maglatch.manage.KeyCaps;
import dev.maglatch.manage.KeyOwner;
import dev.maglatch.manage.KeyRegistrar;
import dev.maglatch.manage.KeySettings;
import dev.maglatch.manage.RevocationBarrier;
import dev.maglatch.manage.Role;
import dev.maglatch.manage.ServiceAccountRegistrar;
import dev.maglatch.postgres.Database;
import dev.maglatch.postgres.PgAccountRegistry;
import dev.maglatch.postgres.PgAuditLog;
import dev.maglatch.postgres.PgDeliveryBook;
import dev.maglatch.postgres.PgKeyRegistry;
import dev.maglatch.postgres.PgKeyStore;
import dev.maglatch.postgres.PgServiceAccountRegistry;
import dev.maglatch.postgres.PoolLimits;
import dev.maglatch.postgres.TestDatabase;
import dev.maglatch.secret.Sealer;
import dev.maglatch.secret.SecretRing;
import dev.maglatch.verify.CacheConfig;
import dev.maglatch.verify.ChangeClock;
import dev.maglatch.verify.CredentialVerifier;
import dev.maglatch.verify.FixedTrust;
import dev.maglatch.verify.KeyVerifier;
import dev.maglatch.verify.Trust;
import dev.maglatch.verify.Verdict;
import dev.maglatch.verify.VerifyMetrics;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * The management plane on a real, migrated database: accounts, keys and a verifier that asks the
 * database about each credential. Sessions are the credentials that {@link #session} hands out.
 */
public final class ManagementPlane implements AutoCloseable {
  private static final SecretRing SECRETS =
      SecretRing.derive(List.of("a master secret for tests only...".getBytes(UTF_8)));
  private static final AtomicInteger NAMES = new AtomicInteger();

  private final Vertx vertx = Vertx.vertx();
  private final TestDatabase server = TestDatabase.create();
  private final SecureRandom random = new SecureRandom();
  private final Tokens tokens = new Tokens(random, SECRETS.checkKeys(), SECRETS.peppers());
  private final Database database = Database.open(vertx, server.address(), PoolLimits.DEFAULT);
  private final PgKeyStore lookups =
      new PgKeyStore(vertx, server.address().connectOptions(), Duration.ofSeconds(3));
  private final FakeCredentials sessions = new FakeCredentials();
  private final CredentialVerifier keyVerifier;
  private final KeyRegistrar keys;
  private final AccountRegistrar accounts;
  private final ServiceAccountRegistrar serviceAccounts;

  public ManagementPlane(RevocationBarrier barrier) {
    this.keyVerifier =
        new KeyVerifier(
            tokens,
            lookups,
            new ChangeClock(),
            new FixedTrust(Trust.Level.ASK, false),
            new KeyVerifier.Times(InstantSource.system(), System::nanoTime),
            CacheConfig.DEFAULT,
            false,
            VerifyMetrics.NONE);
    this.keys =
        new KeyRegistrar(
            new PgKeyRegistry(database),
            tokens,
            new Sealer(random, SECRETS.encryptionKeys()),
            barrier,
            KeyCaps.DEFAULT,
            random,
            System::nanoTime);
    this.accounts = new AccountRegistrar(new PgAccountRegistry(database), barrier, random);
    this.serviceAccounts =
        new ServiceAccountRegistrar(new PgServiceAccountRegistry(database), barrier);
  }

  public Vertx vertx() {
    return vertx;
  }

  public TestDatabase server() {
    return server;
  }

  public KeyRegistrar keys() {
    return keys;
  }

  public AccountRegistrar accounts() {
    return accounts;
  }

  public ServiceAccountRegistrar serviceAccounts() {
    return serviceAccounts;
  }

  public DeliveryBook deliveries() {
    return new PgDeliveryBook(database);
  }

  public AuditLog audit() {
    return new PgAuditLog(database);
  }

  public CredentialVerifier verifier() {
    return new Both();
  }

  /** Makes an account with an organization of its own. */
  public AccountRecord account() {
    return account(null, Role.OWNER);
  }

  public AccountRecord account(@Nullable UUID organization, Role role) {
    String email = "user" + NAMES.incrementAndGet() + "@example.com";
    AccountRecord account =
        Await.result(
                accounts.create(new CreateAccount(email, null, organization, role), Actor.OPERATOR))
            .account();
    if (account == null) {
      throw new AssertionError("account was not created");
    }
    return account;
  }

  /** Returns a session credential of {@code account}. */
  public String session(AccountRecord account) {
    String credential = "eyJ." + account.id() + ".x";
    boolean owner = account.role() == Role.OWNER;
    sessions.knows(
        credential, FakeCredentials.session(account.id(), account.organizationId(), owner));
    return credential;
  }

  /** Makes a key as its account would. */
  public IssuedKey key(AccountRecord account, KeyKind kind, String name) {
    KeyOwner owner = new KeyOwner(account.organizationId(), account.id(), null);
    String scope = kind == KeyKind.ORG ? Principal.SCOPE_READ_WRITE : null;
    KeySettings settings = new KeySettings(name, null, scope, null, KeyPolicy.NONE);
    return Await.result(keys.create(new CreateKey(kind, owner, settings, null), Actor.OPERATOR))
        .key();
  }

  /** Returns the rows of a query, each as its columns' texts joined by a bar. */
  public List<String> rows(String sql) {
    try (Connection connection = server.connect();
        ResultSet found = connection.createStatement().executeQuery(sql)) {
      List<String> rows = new ArrayList<>();
      while (found.next()) {
        rows.add(row(found));
      }
      return rows;
    } catch (SQLException failed) {
      throw new AssertionError(failed);
    }
  }

  private static String row(ResultSet found) throws SQLException {
    List<String> columns = new ArrayList<>();
    for (int i = 1; i <= found.getMetaData().getColumnCount(); i++) {
      columns.add(String.valueOf(found.getString(i)));
    }
    return String.join("|", columns);
  }

  @Override
  public void close() {
    Await.result(lookups.close());
    Await.result(database.close());
    Await.result(vertx.close());
    server.close();
  }

  /** Sessions by name, everything else by the database. */
  private final class Both implements CredentialVerifier {
    @Override
    public @Nullable Verdict decideNow(
        String credential, String clientAddress, long maxStaleNanos) {
      return credential.startsWith("eyJ") ? null : keyVerifier.decideNow(credential, clientAddress);
    }

    @Override
    public Future<Verdict> decide(String credential, String clientAddress, long maxStaleNanos) {
      return credential.startsWith("eyJ")
          ? sessions.decide(credential, clientAddress)
          : keyVerifier.decide(credential, clientAddress);
    }
  }
}
