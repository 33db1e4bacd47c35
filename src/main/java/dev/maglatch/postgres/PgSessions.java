// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.postgres;

import static java.util.Objects.requireNonNull;

import dev.maglatch.key.TokenHash;
import dev.maglatch.session.FamilyState;
import dev.maglatch.session.FamilyState.Judgement;
import dev.maglatch.session.Origin;
import dev.maglatch.session.SessionLookup.Standing;
import dev.maglatch.session.SessionStore;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.SqlResult;
import io.vertx.sqlclient.Tuple;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Sessions in {@code session_families}. */
public final class PgSessions implements SessionStore {
  /*
   * Opening reads the account FOR SHARE: it waits for a change of password that is under way and
   * then finds another hash; or the change waits for it, and then ends this session too.
   */
  private static final String OPEN =
      """
      WITH a AS (
        SELECT id, organization_id FROM accounts
         WHERE id = $1::uuid AND disabled_at IS NULL
           AND password_hash IS NOT DISTINCT FROM $2::text
           FOR SHARE
      ), opened AS (
        INSERT INTO session_families
               (account_id, kind, cookie_hash, created_ip, user_agent, expires_at)
        SELECT a.id, $3::text, $4::bytea, $5::text, $6::text,
               clock_timestamp() + $7::bigint * interval '1 second'
          FROM a
        RETURNING id
      ), audited AS (
        INSERT INTO audit (organization_id, actor, credential, address, action, entity, entity_id)
        SELECT a.organization_id, a.id::text,
               CASE $3::text WHEN 'cookie' THEN 'cookie' ELSE 'session' END,
               $5::text, 'session.created', 'session', opened.id::text
          FROM opened, a
      )
      SELECT id FROM opened
      """;

  private static final String LOCK =
      """
      SELECT f.generation, f.rotated_at, clock_timestamp() AS now,
             f.ended_at IS NOT NULL OR f.expires_at <= clock_timestamp()
               OR a.disabled_at IS NOT NULL AS over,
      """
          + SessionRows.ACCOUNT
          + """
        FROM session_families AS f
        JOIN accounts AS a ON a.id = f.account_id
       WHERE f.id = $1::uuid AND f.kind = 'token'
         FOR NO KEY UPDATE OF f
      """;

  private static final String ROTATE =
      """
      UPDATE session_families
         SET generation = generation + 1,
             rotated_at = clock_timestamp() || ARRAY(
               SELECT spent.at FROM unnest(rotated_at) WITH ORDINALITY AS spent (at, position)
                WHERE spent.at > clock_timestamp() - interval '1 minute'
                ORDER BY spent.position LIMIT 99),
             last_used_at = clock_timestamp(),
             expires_at = clock_timestamp() + $2::bigint * interval '1 second'
       WHERE id = $1::uuid
      """;

  private static final String STANDING_BY_COOKIE =
      SessionRows.STANDING + "WHERE f.cookie_hash = $1::bytea AND f.expires_at > clock_timestamp()";

  private static final String AUDIT_ENDED =
      """
      , audited AS (
        INSERT INTO audit
               (organization_id, actor, credential, address, action, entity, entity_id, detail)
        SELECT a.organization_id, a.id::text,
               CASE ended.kind WHEN 'cookie' THEN 'cookie' ELSE 'session' END,
               $3::text, 'session.ended', 'session', ended.id::text,
               jsonb_build_object('reason', $4::text)
          FROM ended JOIN accounts AS a ON a.id = ended.account_id
      )
      SELECT id FROM ended
      """;

  private static final String END =
      """
      WITH ended AS (
        UPDATE session_families SET ended_at = clock_timestamp()
         WHERE account_id = $1::uuid AND id = $2::uuid AND ended_at IS NULL
        RETURNING id, account_id, kind
      )
      """
          + AUDIT_ENDED;

  private static final String END_ALL =
      """
      WITH ended AS (
        UPDATE session_families SET ended_at = clock_timestamp()
         WHERE account_id = $1::uuid AND id IS DISTINCT FROM $2::uuid AND ended_at IS NULL
        RETURNING id, account_id, kind
      )
      """
          + AUDIT_ENDED;

  private static final String LIST =
      """
      SELECT id, kind, created_at, last_used_at, expires_at, created_ip, user_agent
        FROM session_families
       WHERE account_id = $1::uuid AND ended_at IS NULL AND expires_at > clock_timestamp()
       ORDER BY created_at DESC, id
       LIMIT 100
      """;

  static final String DELETE_OVER =
      """
      DELETE FROM session_families
       WHERE id = ANY (ARRAY(
             SELECT id FROM session_families
              WHERE least(ended_at, expires_at) < statement_timestamp() - interval '1 day'
              ORDER BY least(ended_at, expires_at)
              LIMIT 500
                FOR UPDATE SKIP LOCKED))
      """;

  private final Database database;

  public PgSessions(Database database) {
    this.database = requireNonNull(database, "database");
  }

  @Override
  public Future<@Nullable UUID> open(NewSession session) {
    TokenHash cookie = session.cookieHash();
    Tuple parameters =
        Tuple.of(
            session.account().id(),
            session.account().passwordHash(),
            cookie == null ? "token" : "cookie",
            cookie == null ? null : Buffer.buffer(cookie.bytes()),
            session.origin().address(),
            session.origin().userAgent(),
            session.lifetime().toSeconds());
    return database.query(
        client ->
            client
                .preparedQuery(OPEN)
                .execute(parameters)
                .map(
                    rows -> {
                      Row row = SessionRows.only(rows);
                      return row == null ? null : row.getUUID("id");
                    }));
  }

  @Override
  public Future<Refreshed> refresh(UUID family, int generation, Duration lifetime, Origin origin) {
    return database.transaction(
        connection ->
            connection
                .preparedQuery(LOCK)
                .execute(Tuple.of(family))
                .compose(
                    rows -> {
                      Row row = SessionRows.only(rows);
                      return row == null
                          ? Future.succeededFuture(new Refreshed(Judgement.UNKNOWN, null, 0))
                          : obey(connection, family, row, generation, lifetime, origin);
                    }));
  }

  private static Future<Refreshed> obey(
      SqlConnection connection,
      UUID family,
      Row row,
      int generation,
      Duration lifetime,
      Origin origin) {
    FamilyState state = state(row);
    Judgement judgement = state.judge(generation);
    return switch (judgement) {
      case ROTATE ->
          connection
              .preparedQuery(ROTATE)
              .execute(Tuple.of(family, lifetime.toSeconds()))
              .map(new Refreshed(judgement, SessionRows.account(row), state.generation() + 1));
      case REPEAT ->
          Future.succeededFuture(
              new Refreshed(judgement, SessionRows.account(row), state.generation()));
      case REUSED ->
          end(connection, row.getUUID("account_id"), family, origin, "refresh token used twice")
              .map(new Refreshed(judgement, null, 0));
      case UNKNOWN -> Future.succeededFuture(new Refreshed(judgement, null, 0));
    };
  }

  private static FamilyState state(Row row) {
    List<Instant> rotations =
        Arrays.stream(row.getArrayOfOffsetDateTimes("rotated_at"))
            .map(OffsetDateTime::toInstant)
            .toList();
    return new FamilyState(
        row.getInteger("generation"),
        rotations,
        row.getBoolean("over"),
        SessionRows.instant(row, "now"));
  }

  @Override
  public Future<@Nullable Standing> standingOfCookie(TokenHash cookieHash) {
    Tuple hash = Tuple.of(Buffer.buffer(cookieHash.bytes()));
    return database.query(
        client ->
            client.preparedQuery(STANDING_BY_COOKIE).execute(hash).map(SessionRows::standing));
  }

  @Override
  public Future<Boolean> end(UUID account, UUID family, Origin origin) {
    return database.query(client -> end(client, account, family, origin, "signed out"));
  }

  @Override
  public Future<List<UUID>> endAll(UUID account, @Nullable UUID kept, Origin origin) {
    return database.query(client -> endAll(client, account, kept, origin));
  }

  static Future<List<UUID>> endAll(
      SqlClient client, UUID account, @Nullable UUID kept, Origin origin) {
    return client
        .preparedQuery(END_ALL)
        .execute(Tuple.of(account, kept, origin.address(), "all signed out"))
        .map(
            rows -> {
              List<UUID> ended = new ArrayList<>();
              rows.forEach(row -> ended.add(row.getUUID("id")));
              return ended;
            });
  }

  @Override
  public Future<List<OpenSession>> list(UUID account) {
    return database.query(
        client ->
            client
                .preparedQuery(LIST)
                .execute(Tuple.of(account))
                .map(
                    rows -> {
                      List<OpenSession> sessions = new ArrayList<>();
                      rows.forEach(row -> sessions.add(openSession(row)));
                      return sessions;
                    }));
  }

  @Override
  public Future<Integer> deleteOver() {
    return database.query(
        client -> client.preparedQuery(DELETE_OVER).execute().map(SqlResult::rowCount));
  }

  private static Future<Boolean> end(
      SqlClient client, UUID account, UUID family, Origin origin, String reason) {
    return client
        .preparedQuery(END)
        .execute(Tuple.of(account, family, origin.address(), reason))
        .map(rows -> rows.size() > 0);
  }

  private static OpenSession openSession(Row row) {
    return new OpenSession(
        row.getUUID("id"),
        "cookie".equals(row.getString("kind")),
        SessionRows.instant(row, "created_at"),
        SessionRows.instant(row, "last_used_at"),
        SessionRows.instant(row, "expires_at"),
        row.getString("created_ip"),
        row.getString("user_agent"));
  }
}
