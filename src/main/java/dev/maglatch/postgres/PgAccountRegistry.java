// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.postgres;

import static dev.maglatch.manage.AccountRegistry.Outcome.CREATED;
import static dev.maglatch.manage.AccountRegistry.Outcome.EMAIL_TAKEN;
import static dev.maglatch.manage.AccountRegistry.Outcome.NOT_AN_EMAIL;
import static dev.maglatch.manage.AccountRegistry.Outcome.NO_ORGANIZATION;
import static java.util.Objects.requireNonNull;

import dev.maglatch.manage.AccountRecord;
import dev.maglatch.manage.AccountRegistry;
import dev.maglatch.manage.Actor;
import dev.maglatch.manage.CreateAccount;
import dev.maglatch.manage.Page;
import dev.maglatch.manage.Role;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.pgclient.PgException;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowIterator;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Accounts in {@code accounts}, and the organizations made with them. */
public final class PgAccountRegistry implements AccountRegistry {
  private static final String COLUMNS =
      "id, email, user_record_id, organization_id, role, created_at, disabled_at";

  private static final String INSERT_ORGANIZATION =
      "INSERT INTO organizations (name) VALUES ($1::text) RETURNING id";

  private static final String HOLD_ORGANIZATION =
      "SELECT id FROM organizations WHERE id = $1::uuid FOR KEY SHARE";

  private static final String INSERT =
      """
      INSERT INTO accounts (email, user_record_id, organization_id, role, password_hash)
      VALUES (lower($1::text), $2::text, $3::uuid, $4::text, $5::text)
      RETURNING\s"""
          + COLUMNS;

  private static final String SELECT = "SELECT " + COLUMNS + " FROM accounts";
  private static final String FIND = SELECT + " WHERE id = $1::uuid";
  private static final String FIND_BY_EMAIL = SELECT + " WHERE email = lower($1::text)";
  private static final String LIST =
      SELECT + " ORDER BY created_at DESC, id LIMIT $1::integer OFFSET $2::integer";

  private static final String MEMBERS =
      SELECT
          + " WHERE organization_id = $3::uuid"
          + " ORDER BY created_at DESC, id LIMIT $1::integer OFFSET $2::integer";

  private static final String SET_PASSWORD_HASH =
      """
      UPDATE accounts SET password_hash = $2::text, updated_at = clock_timestamp()
       WHERE id = $1::uuid
      RETURNING\s"""
          + COLUMNS;

  private static final String END_SESSIONS =
      """
      UPDATE session_families SET ended_at = clock_timestamp()
       WHERE account_id = $1::uuid AND ended_at IS NULL
      """;

  private static final String CHECK_VIOLATION = "23514";

  private final Database database;

  public PgAccountRegistry(Database database) {
    this.database = requireNonNull(database, "database");
  }

  @Override
  public Future<Insertion> insert(CreateAccount command, String userRecordId, Actor actor) {
    return database
        .transaction(
            connection ->
                organization(connection, command, actor)
                    .compose(
                        organization ->
                            organization == null
                                ? Future.succeededFuture(new Insertion(NO_ORGANIZATION, null))
                                : insert(connection, command, userRecordId, organization, actor)))
        .recover(PgAccountRegistry::refused);
  }

  private static Future<@Nullable UUID> organization(
      SqlConnection connection, CreateAccount command, Actor actor) {
    UUID named = command.organizationId();
    if (named != null) {
      return id(connection, HOLD_ORGANIZATION, named);
    }
    return id(connection, INSERT_ORGANIZATION, command.email())
        .map(made -> requireNonNull(made, "organization"))
        .compose(
            made ->
                AuditTrail.write(
                        connection,
                        actor,
                        new AuditTrail.Entry(
                            made, "organization.created", "organization", made, new JsonObject()))
                    .map(written -> made));
  }

  private static Future<@Nullable UUID> id(SqlConnection connection, String sql, Object value) {
    return connection
        .preparedQuery(sql)
        .execute(Tuple.of(value))
        .map(rows -> rows.size() == 0 ? null : rows.iterator().next().getUUID(0));
  }

  private static Future<Insertion> insert(
      SqlConnection connection,
      CreateAccount command,
      String userRecordId,
      UUID organization,
      Actor actor) {
    Tuple values =
        Tuple.of(
            command.email(),
            userRecordId,
            organization,
            command.role().text(),
            command.passwordHash());
    return first(connection, INSERT, values)
        .map(account -> requireNonNull(account, "the account just written"))
        .compose(account -> audited(connection, actor, account, "account.created"))
        .map(account -> new Insertion(CREATED, account));
  }

  /** Tells a caller's mistake, found by a constraint, from a failure. */
  private static Future<Insertion> refused(Throwable failure) {
    Throwable cause = failure.getCause();
    if (cause != null && DatabaseFailure.violates(cause, "accounts_email_key")) {
      return Future.succeededFuture(new Insertion(EMAIL_TAKEN, null));
    }
    boolean refusedText =
        cause instanceof PgException refused && CHECK_VIOLATION.equals(refused.getSqlState());
    return refusedText
        ? Future.succeededFuture(new Insertion(NOT_AN_EMAIL, null))
        : Future.failedFuture(failure);
  }

  @Override
  public Future<@Nullable AccountRecord> findByEmail(String email) {
    return database.query(client -> first(client, FIND_BY_EMAIL, Tuple.of(email)));
  }

  @Override
  public Future<@Nullable AccountRecord> find(UUID id) {
    return database.query(client -> first(client, FIND, Tuple.of(id)));
  }

  @Override
  public Future<List<AccountRecord>> list(Page page) {
    return all(LIST, Tuple.of(page.limit(), page.offset()));
  }

  @Override
  public Future<List<AccountRecord>> members(UUID organizationId, Page page) {
    return all(MEMBERS, Tuple.of(page.limit(), page.offset(), organizationId));
  }

  private Future<List<AccountRecord>> all(String sql, Tuple values) {
    return database.query(
        client ->
            client
                .preparedQuery(sql)
                .execute(values)
                .map(rows -> Cells.readable(rows, PgAccountRegistry::read)));
  }

  @Override
  public Future<Boolean> setPasswordHash(UUID id, String passwordHash, Actor actor) {
    return database.transaction(
        connection ->
            first(connection, SET_PASSWORD_HASH, Tuple.of(id, passwordHash))
                .compose(
                    account ->
                        account == null
                            ? Future.succeededFuture(false)
                            : endSessions(connection, account, actor)));
  }

  private static Future<Boolean> endSessions(
      SqlConnection connection, AccountRecord account, Actor actor) {
    return connection
        .preparedQuery(END_SESSIONS)
        .execute(Tuple.of(account.id()))
        .compose(ended -> audited(connection, actor, account, "account.password_changed"))
        .map(true);
  }

  private static Future<AccountRecord> audited(
      SqlConnection connection, Actor actor, AccountRecord account, String action) {
    JsonObject detail =
        new JsonObject().put("email", account.email()).put("role", account.role().text());
    return AuditTrail.write(
            connection,
            actor,
            new AuditTrail.Entry(account.organizationId(), action, "account", account.id(), detail))
        .map(written -> account);
  }

  private static Future<@Nullable AccountRecord> first(SqlClient client, String sql, Tuple values) {
    return client
        .preparedQuery(sql)
        .execute(values)
        .map(
            rows -> {
              RowIterator<Row> row = rows.iterator();
              return row.hasNext() ? read(row.next()) : null;
            });
  }

  private static AccountRecord read(Row row) {
    Cells cells = new Cells("accounts", "id", row);
    return new AccountRecord(
        cells.uuid("id"),
        cells.text("email"),
        cells.text("user_record_id"),
        cells.uuid("organization_id"),
        cells.get("role", cell -> Role.of(String.valueOf(cell.getString("role")))),
        cells.time("created_at"),
        cells.timeOrNull("disabled_at"));
  }
}
