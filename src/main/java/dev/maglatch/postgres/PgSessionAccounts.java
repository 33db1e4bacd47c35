// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.postgres;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;

import dev.maglatch.fault.Fault;
import dev.maglatch.manage.UserRecordIds;
import dev.maglatch.secret.Secret;
import dev.maglatch.session.AccountStore;
import dev.maglatch.session.Origin;
import dev.maglatch.session.SessionAccount;
import io.vertx.core.Future;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Accounts as sessions read and make them. */
public final class PgSessionAccounts implements AccountStore {
  private static final String BY_EMAIL =
      "SELECT " + SessionRows.ACCOUNT + " FROM accounts AS a WHERE a.email = $1::text";

  private static final String BY_ID =
      "SELECT " + SessionRows.ACCOUNT + " FROM accounts AS a WHERE a.id = $1::uuid";

  private static final String BY_SUBJECT =
      "SELECT "
          + SessionRows.ACCOUNT
          + " FROM accounts AS a WHERE a.issuer = $1::text AND a.subject = $2::text";

  /** One statement, so that a conflict leaves no organization behind. */
  private static final String INSERT =
      """
      WITH organization AS (
        INSERT INTO organizations (name) VALUES ($1::text) RETURNING id
      ), a AS (
        INSERT INTO accounts
               (email, user_record_id, organization_id, password_hash, issuer, subject)
        SELECT $1::text, $2::text, organization.id, $3::text, $4::text, $5::text FROM organization
        RETURNING id, email, user_record_id, organization_id, role, password_hash, disabled_at,
                  created_at, updated_at
      ), audited AS (
        INSERT INTO audit
               (organization_id, actor, credential, address, action, entity, entity_id)
        SELECT a.organization_id, a.id::text, 'session', $6::text, 'account.created', 'account',
               a.id::text
          FROM a
      )
      SELECT\s"""
          + SessionRows.ACCOUNT
          + " FROM a";

  private static final String CHANGE_PASSWORD =
      """
      WITH a AS (
        UPDATE accounts
           SET password_hash = $3::text, updated_at = clock_timestamp()
         WHERE id = $1::uuid AND password_hash = $2::text AND disabled_at IS NULL
        RETURNING id, organization_id
      )
      INSERT INTO audit (organization_id, actor, credential, address, action, entity, entity_id)
      SELECT a.organization_id, a.id::text, 'session', $4::text, 'account.password_changed',
             'account', a.id::text
        FROM a
      """;

  private static final String EMAIL_KEY = "accounts_email_key";
  private static final String SUBJECT_KEY = "accounts_issuer_subject_key";

  private final Database database;
  private final SecureRandom random;

  public PgSessionAccounts(Database database, SecureRandom random) {
    this.database = requireNonNull(database, "database");
    this.random = requireNonNull(random, "random");
  }

  @Override
  public Future<@Nullable SessionAccount> byEmail(String email) {
    return find(BY_EMAIL, Tuple.of(email));
  }

  @Override
  public Future<@Nullable SessionAccount> byId(UUID id) {
    return find(BY_ID, Tuple.of(id));
  }

  @Override
  public Future<SessionAccount> provision(String issuer, String subject, @Nullable String email) {
    String name = email == null ? nobodysEmail(issuer, subject) : email;
    return insert(Tuple.of(name, UserRecordIds.next(random), null, issuer, subject, null))
        .recover(
            failure ->
                violates(failure, SUBJECT_KEY) || violates(failure, EMAIL_KEY)
                    ? afterConflict(issuer, subject, email)
                    : Future.failedFuture(failure));
  }

  /** Another call was faster, or the e-mail address is somebody's. */
  private Future<SessionAccount> afterConflict(
      String issuer, String subject, @Nullable String email) {
    return find(BY_SUBJECT, Tuple.of(issuer, subject))
        .compose(
            account -> {
              if (account != null) {
                return Future.succeededFuture(account);
              }
              return email != null
                  ? provision(issuer, subject, null)
                  : Future.failedFuture(
                      Fault.of(Fault.Code.STORE_UNAVAILABLE, "account vanished again", null));
            });
  }

  @Override
  public Future<@Nullable SessionAccount> signUp(String email, Secret passwordHash, Origin origin) {
    return insert(
            Tuple.of(
                email,
                UserRecordIds.next(random),
                passwordHash.reveal(),
                null,
                null,
                origin.address()))
        .recover(
            failure ->
                violates(failure, EMAIL_KEY)
                    ? Future.succeededFuture()
                    : Future.failedFuture(failure));
  }

  @Override
  public Future<Boolean> changePassword(PasswordChange change) {
    return database.transaction(
        connection ->
            replace(connection, change)
                .compose(
                    replaced ->
                        replaced
                            ? PgSessions.endAll(
                                    connection,
                                    change.account(),
                                    change.keptFamily(),
                                    change.origin())
                                .map(true)
                            : Future.succeededFuture(false)));
  }

  /** Locks the account first: a sign-in that overlaps is then seen by the next statement. */
  private static Future<Boolean> replace(SqlConnection connection, PasswordChange change) {
    return connection
        .preparedQuery(CHANGE_PASSWORD)
        .execute(
            Tuple.of(
                change.account(),
                change.expected().reveal(),
                change.replacement().reveal(),
                change.origin().address()))
        .map(rows -> rows.rowCount() > 0);
  }

  private Future<@Nullable SessionAccount> find(String sql, Tuple parameters) {
    return database.query(
        client -> client.preparedQuery(sql).execute(parameters).map(SessionRows::onlyAccount));
  }

  private Future<SessionAccount> insert(Tuple parameters) {
    return database.query(
        client ->
            client
                .preparedQuery(INSERT)
                .execute(parameters)
                .map(rows -> SessionRows.account(rows.iterator().next())));
  }

  private static boolean violates(Throwable failure, String constraint) {
    Throwable refused = failure.getCause() == null ? failure : failure.getCause();
    return DatabaseFailure.violates(refused, constraint);
  }

  private static String nobodysEmail(String issuer, String subject) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      byte[] hash = digest.digest((issuer + "\n" + subject).getBytes(UTF_8));
      return "outside-" + HexFormat.of().formatHex(hash, 0, 16) + "@accounts.invalid";
    } catch (NoSuchAlgorithmException impossible) {
      throw new IllegalStateException("SHA-256 is part of every JDK", impossible);
    }
  }
}
