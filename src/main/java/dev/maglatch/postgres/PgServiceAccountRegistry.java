// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.postgres;

import static dev.maglatch.manage.ServiceAccountChange.Outcome.NAME_TAKEN;
import static dev.maglatch.manage.ServiceAccountChange.Outcome.NO_ACCOUNT;
import static dev.maglatch.manage.ServiceAccountChange.Outcome.UNKNOWN;
import static java.util.Objects.requireNonNull;

import dev.maglatch.manage.Actor;
import dev.maglatch.manage.Page;
import dev.maglatch.manage.ServiceAccountChange;
import dev.maglatch.manage.ServiceAccountRecord;
import dev.maglatch.manage.ServiceAccountRegistry;
import dev.maglatch.manage.ServiceAccountSettings;
import io.vertx.core.Future;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowIterator;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.util.List;
import java.util.UUID;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** Service accounts in {@code service_accounts}. */
public final class PgServiceAccountRegistry implements ServiceAccountRegistry {
  private static final String COLUMNS =
      """
      id, organization_id, name, description, permissions, created_by, disabled_at, created_at,
      updated_at""";

  private static final String HOLD_ACCOUNT =
      """
      SELECT id FROM accounts
       WHERE id = $1::uuid AND organization_id = $2::uuid AND disabled_at IS NULL
         FOR KEY SHARE
      """;

  private static final String INSERT =
      """
      INSERT INTO service_accounts (organization_id, created_by, name, description, permissions)
      VALUES ($1::uuid, $2::uuid, $3::text, $4::text, $5::text[])
      RETURNING\s"""
          + COLUMNS;

  private static final String SELECT = "SELECT " + COLUMNS + " FROM service_accounts";

  private static final String FIND = SELECT + " WHERE organization_id = $1::uuid AND id = $2::uuid";

  private static final String LOCK = FIND + " FOR NO KEY UPDATE";

  private static final String LIST =
      SELECT
          + """
             WHERE organization_id = $1::uuid
             ORDER BY created_at DESC, id
             LIMIT $2::integer OFFSET $3::integer
            """;

  private static final String SET_SETTINGS =
      """
      UPDATE service_accounts
         SET name = $2::text, description = $3::text, permissions = $4::text[],
             updated_at = clock_timestamp()
       WHERE id = $1::uuid
      RETURNING\s"""
          + COLUMNS;

  private static final String SET_DISABLED =
      """
      UPDATE service_accounts
         SET disabled_at = CASE WHEN $2::boolean THEN clock_timestamp() END,
             updated_at = clock_timestamp()
       WHERE id = $1::uuid
      RETURNING\s"""
          + COLUMNS;

  private final Database database;

  public PgServiceAccountRegistry(Database database) {
    this.database = requireNonNull(database, "database");
  }

  @Override
  public Future<ServiceAccountChange> insert(
      UUID organizationId, UUID createdBy, ServiceAccountSettings settings, Actor actor) {
    return database
        .transaction(
            connection ->
                connection
                    .preparedQuery(HOLD_ACCOUNT)
                    .execute(Tuple.of(createdBy, organizationId))
                    .compose(
                        held ->
                            held.size() == 0
                                ? Future.succeededFuture(ServiceAccountChange.refused(NO_ACCOUNT))
                                : write(connection, organizationId, createdBy, settings, actor)))
        .recover(PgServiceAccountRegistry::refused);
  }

  private static Future<ServiceAccountChange> write(
      SqlConnection connection,
      UUID organizationId,
      UUID createdBy,
      ServiceAccountSettings settings,
      Actor actor) {
    Tuple values =
        Tuple.of(organizationId, createdBy, settings.name(), settings.description())
            .addArrayOfString(settings.permissions().toArray(String[]::new));
    return audited(connection, INSERT, values, actor, "service_account.created");
  }

  @Override
  public Future<List<ServiceAccountRecord>> list(UUID organizationId, Page page) {
    Tuple values = Tuple.of(organizationId, page.limit(), page.offset());
    return database.query(
        client -> client.preparedQuery(LIST).execute(values).map(PgServiceAccountRegistry::all));
  }

  @Override
  public Future<@Nullable ServiceAccountRecord> find(UUID organizationId, UUID id) {
    return database.query(client -> first(client, FIND, Tuple.of(organizationId, id)));
  }

  @Override
  public Future<ServiceAccountChange> update(
      UUID organizationId, UUID id, UnaryOperator<ServiceAccountSettings> edit, Actor actor) {
    return database
        .transaction(
            connection ->
                first(connection, LOCK, Tuple.of(organizationId, id))
                    .compose(
                        account ->
                            account == null
                                ? Future.succeededFuture(ServiceAccountChange.refused(UNKNOWN))
                                : change(
                                    connection, account, edit.apply(account.settings()), actor)))
        .recover(PgServiceAccountRegistry::refused);
  }

  private static Future<ServiceAccountChange> change(
      SqlConnection connection,
      ServiceAccountRecord account,
      ServiceAccountSettings settings,
      Actor actor) {
    if (settings.equals(account.settings())) {
      return Future.succeededFuture(ServiceAccountChange.done(account));
    }
    Tuple values =
        Tuple.of(account.id(), settings.name(), settings.description())
            .addArrayOfString(settings.permissions().toArray(String[]::new));
    return audited(connection, SET_SETTINGS, values, actor, "service_account.updated");
  }

  @Override
  public Future<ServiceAccountChange> setDisabled(
      UUID organizationId, UUID id, boolean disabled, Actor actor) {
    return database.transaction(
        connection ->
            first(connection, LOCK, Tuple.of(organizationId, id))
                .compose(
                    account ->
                        account == null
                            ? Future.succeededFuture(ServiceAccountChange.refused(UNKNOWN))
                            : setDisabled(connection, account, disabled, actor)));
  }

  private static Future<ServiceAccountChange> setDisabled(
      SqlConnection connection, ServiceAccountRecord account, boolean disabled, Actor actor) {
    if (disabled == (account.disabledAt() != null)) {
      return Future.succeededFuture(ServiceAccountChange.done(account));
    }
    String action = disabled ? "service_account.disabled" : "service_account.enabled";
    return audited(connection, SET_DISABLED, Tuple.of(account.id(), disabled), actor, action);
  }

  /** Tells a name that is taken, found by a constraint, from a failure. */
  private static Future<ServiceAccountChange> refused(Throwable failure) {
    Throwable cause = failure.getCause();
    return cause != null && DatabaseFailure.violates(cause, "service_accounts_name_key")
        ? Future.succeededFuture(ServiceAccountChange.refused(NAME_TAKEN))
        : Future.failedFuture(failure);
  }

  /** Runs a statement that returns the row it has written, and notes what was done. */
  private static Future<ServiceAccountChange> audited(
      SqlConnection connection, String sql, Tuple values, Actor actor, String action) {
    return first(connection, sql, values)
        .map(account -> requireNonNull(account, "the service account just written"))
        .compose(
            account ->
                AuditTrail.write(connection, actor, entry(account, action))
                    .map(written -> ServiceAccountChange.done(account)));
  }

  private static AuditTrail.Entry entry(ServiceAccountRecord account, String action) {
    JsonObject detail =
        new JsonObject()
            .put("name", account.settings().name())
            .put("permissions", new JsonArray(account.settings().permissions()));
    return new AuditTrail.Entry(
        account.organizationId(), action, "service_account", account.id(), detail);
  }

  private static Future<@Nullable ServiceAccountRecord> first(
      SqlClient client, String sql, Tuple values) {
    return client
        .preparedQuery(sql)
        .execute(values)
        .map(
            rows -> {
              RowIterator<Row> row = rows.iterator();
              return row.hasNext() ? read(row.next()) : null;
            });
  }

  private static List<ServiceAccountRecord> all(RowSet<Row> rows) {
    return Cells.readable(rows, PgServiceAccountRegistry::read);
  }

  private static ServiceAccountRecord read(Row row) {
    Cells cells = new Cells("service_accounts", "id", row);
    List<String> permissions = cells.textsOrNull("permissions");
    return new ServiceAccountRecord(
        cells.uuid("id"),
        cells.uuid("organization_id"),
        new ServiceAccountSettings(
            cells.text("name"),
            cells.textOrNull("description"),
            permissions == null ? List.of() : permissions),
        cells.uuid("created_by"),
        cells.timeOrNull("disabled_at"),
        cells.time("created_at"),
        cells.time("updated_at"));
  }
}
