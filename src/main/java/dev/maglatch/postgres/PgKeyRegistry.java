// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.postgres;

import static dev.maglatch.manage.Creation.Outcome.CREATED;
import static dev.maglatch.manage.Creation.Outcome.LIMIT_REACHED;
import static dev.maglatch.manage.Creation.Outcome.NO_ACCOUNT;
import static dev.maglatch.manage.Creation.Outcome.NO_SERVICE_ACCOUNT;
import static java.util.Objects.requireNonNull;

import dev.maglatch.key.KeyKind;
import dev.maglatch.key.KeyPolicy;
import dev.maglatch.key.KeyPolicy.RateLimit;
import dev.maglatch.key.TokenHash;
import dev.maglatch.manage.Actor;
import dev.maglatch.manage.Idempotency;
import dev.maglatch.manage.KeyOwner;
import dev.maglatch.manage.KeyReach;
import dev.maglatch.manage.KeyRecord;
import dev.maglatch.manage.KeyRegistry;
import dev.maglatch.manage.KeySettings;
import dev.maglatch.manage.KeyWebhook;
import dev.maglatch.manage.NewKey;
import dev.maglatch.manage.Page;
import dev.maglatch.manage.PreviousSecret;
import dev.maglatch.manage.RevokeOutcome;
import dev.maglatch.manage.SingleCreation.Repetition;
import dev.maglatch.secret.SealedText;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowIterator;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** Keys in {@code api_keys}. */
public final class PgKeyRegistry implements KeyRegistry {
  /*
   * The cap is kept by a lock on the row it belongs to. Locking is a statement of its own: only the
   * next one's snapshot then sees what the transaction before us in the queue has committed.
   */
  private static final String LOCK_ACCOUNT =
      """
      SELECT id FROM accounts
       WHERE id = $1::uuid AND organization_id = $2::uuid AND disabled_at IS NULL
         FOR NO KEY UPDATE
      """;

  private static final String LOCK_ORGANIZATION =
      "SELECT id FROM organizations WHERE id = $1::uuid FOR NO KEY UPDATE";

  private static final String HOLD_SERVICE_ACCOUNT =
      """
      SELECT id FROM service_accounts
       WHERE id = $1::uuid AND organization_id = $2::uuid AND disabled_at IS NULL
         FOR KEY SHARE
      """;

  private static final String COUNT_OF_ACCOUNT =
      """
      SELECT count(*) FROM api_keys
       WHERE created_by = $1::uuid AND kind = $2::text
         AND revoked_at IS NULL AND revoke_after IS NULL
         AND (expires_at IS NULL OR expires_at > clock_timestamp())
      """;

  private static final String COUNT_OF_ORGANIZATION =
      COUNT_OF_ACCOUNT.replace("created_by", "organization_id");

  private static final String INSERT =
      """
      INSERT INTO api_keys
             (id, kind, name, description, organization_id, user_id, service_account_id, created_by,
              key_prefix, key_hash, pepper, scope, expires_at, webhook_url, webhook_secret,
              allowed_ips, rate_limit, rate_limit_window, previous_webhook_secret,
              previous_webhook_secret_until)
      VALUES ($1::uuid, $2::text, $3::text, $4::text, $5::uuid, $6::uuid, $7::uuid, $8::uuid,
              $9::text, $10::bytea, $11::text, $12::text, $13::timestamptz, $14::text, $15::bytea,
              $16::text[], $17::integer, $18::integer, $19::bytea, $20::timestamptz)
      """;

  private static final String FIND = KeyRows.SELECT + " WHERE k.id = $1::uuid";

  private static final String LIST_OF_ORGANIZATION =
      KeyRows.SELECT
          + """
             WHERE k.organization_id = $1::uuid AND k.kind = $2::text
             ORDER BY k.created_at DESC, k.id
             LIMIT $3::integer OFFSET $4::integer
            """;

  private static final String LIST_OF_HOLDER =
      LIST_OF_ORGANIZATION.replace(
          "k.organization_id = $1::uuid",
          "(k.created_by = $1::uuid AND k.service_account_id IS NULL"
              + " OR k.service_account_id = $1::uuid)");

  /** A key in reach; the holder may be null and then does not matter. */
  private static final String IN_REACH =
      """
       WHERE id = $1::uuid AND kind = $2::text AND organization_id = $3::uuid
         AND ($4::uuid IS NULL OR coalesce(service_account_id, created_by) = $4::uuid)
      """;

  private static final String NOT_REVOKED =
      """
         AND revoked_at IS NULL AND (revoke_after IS NULL OR revoke_after > clock_timestamp())
      """;

  private static final String NOT_EXPIRED =
      """
         AND (expires_at IS NULL OR expires_at > clock_timestamp())
      """;

  private static final String FIND_IN_REACH = KeyRows.SELECT + IN_REACH;

  private static final String LOCK_ACTIVE =
      FIND_IN_REACH + NOT_REVOKED + NOT_EXPIRED + " FOR NO KEY UPDATE OF k";

  private static final String LOCK_WITHOUT_SUCCESSOR =
      FIND_IN_REACH
          + NOT_REVOKED
          + NOT_EXPIRED
          + " AND successor_id IS NULL AND revoke_after IS NULL FOR NO KEY UPDATE OF k";

  private static final String FIND_BY_TOKEN =
      KeyRows.SELECT + " WHERE k.key_hash = ANY ($1::bytea[]) AND k.kind = ANY ($2::text[])";

  private static final String SET_SETTINGS =
      """
      UPDATE api_keys
         SET name = $2::text, description = $3::text, scope = $4::text,
             expires_at = $5::timestamptz, allowed_ips = $6::text[],
             rate_limit = $7::integer, rate_limit_window = $8::integer
       WHERE id = $1::uuid
      """;

  private static final String TRY_LOCK_NAME =
      "SELECT pg_try_advisory_xact_lock(hashtextextended($1::text || ' ' || $2::text, 0))";

  private static final String FIND_NAME =
      """
      SELECT body_hash, api_key_id FROM idempotency_keys
       WHERE credential = $1::text AND key = $2::text
         AND created_at > clock_timestamp() - interval '24 hours'
      """;

  private static final String KEEP_NAME =
      """
      INSERT INTO idempotency_keys (credential, key, body_hash, api_key_id)
      VALUES ($1::text, $2::text, $3::bytea, $4::uuid)
          ON CONFLICT (credential, key) DO UPDATE
         SET body_hash = excluded.body_hash, api_key_id = excluded.api_key_id,
             created_at = clock_timestamp()
      """;

  /** A name that somebody is just using again is left to him. */
  static final String FORGET_OLD_NAMES =
      """
      DELETE FROM idempotency_keys
       WHERE ctid = ANY (ARRAY (
             SELECT ctid FROM idempotency_keys
              WHERE created_at <= statement_timestamp() - interval '24 hours'
              LIMIT 100 FOR UPDATE SKIP LOCKED))
      """;

  private static final String LOCK_UNUSED =
      KeyRows.SELECT
          + " WHERE k.id = $1::uuid AND u.last_used_at IS NULL"
          + " AND successor_id IS NULL AND revoke_after IS NULL"
          + NOT_REVOKED
          + NOT_EXPIRED
          + " FOR NO KEY UPDATE OF k";

  private static final String REPLACE_TOKEN =
      """
      UPDATE api_keys SET key_hash = $2::bytea, key_prefix = $3::text, pepper = $4::text
       WHERE id = $1::uuid
      """;

  private static final String RETIRE =
      """
      UPDATE api_keys
         SET successor_id = $2::uuid, webhook_url = NULL, webhook_secret = NULL,
             previous_webhook_secret = NULL, previous_webhook_secret_until = NULL,
             revoked_at = CASE WHEN $3::integer = 0 THEN clock_timestamp() END,
             revoke_after = CASE WHEN $3::integer > 0
                                 THEN clock_timestamp() + $3::integer * interval '1 second' END
       WHERE id = $1::uuid
      """;

  /** What is still on its way goes to where the webhook has gone. */
  private static final String HAND_OVER =
      """
      UPDATE webhook_deliveries SET key_id = $2::uuid
       WHERE key_id = $1::uuid AND status = 'pending'
      """;

  private static final String IS_IN_REACH = "SELECT id FROM api_keys" + IN_REACH;

  private static final String SET_WEBHOOK =
      """
      UPDATE api_keys
         SET webhook_url = $5::text,
             webhook_secret = CASE WHEN $5::text IS NULL THEN NULL
                                   ELSE coalesce(webhook_secret, $6::bytea) END,
             previous_webhook_secret =
               CASE WHEN $5::text IS NOT NULL THEN previous_webhook_secret END,
             previous_webhook_secret_until =
               CASE WHEN $5::text IS NOT NULL THEN previous_webhook_secret_until END
      """
          + IN_REACH
          + NOT_REVOKED
          + " RETURNING id";

  private static final String SET_WEBHOOK_SECRET =
      """
      UPDATE api_keys
         SET webhook_secret = $5::bytea,
             previous_webhook_secret = CASE WHEN $6::integer > 0 THEN webhook_secret END,
             previous_webhook_secret_until =
               CASE WHEN $6::integer > 0
                    THEN clock_timestamp() + $6::integer * interval '1 second' END
      """
          + IN_REACH
          + NOT_REVOKED
          + NOT_EXPIRED
          + " AND webhook_url IS NOT NULL AND webhook_secret IS NOT NULL RETURNING id";

  private static final String REVOKE =
      "UPDATE api_keys SET revoked_at = clock_timestamp()"
          + IN_REACH
          + NOT_REVOKED
          + "RETURNING id";

  private final Database database;

  public PgKeyRegistry(Database database) {
    this.database = requireNonNull(database, "database");
  }

  @Override
  public Future<Insertion> insert(NewKey key, Actor actor) {
    return database.transaction(connection -> insert(connection, key, actor));
  }

  private static Future<Insertion> insert(SqlConnection connection, NewKey key, Actor actor) {
    return refusal(connection, key)
        .compose(
            refusal ->
                refusal != null
                    ? Future.succeededFuture(refusal)
                    : write(connection, key)
                        .compose(done -> told(connection, key.id(), actor, "api_key.created"))
                        .map(stored -> new Insertion(CREATED, stored)));
  }

  @Override
  public Future<SingleInsertion> insertOnce(NewKey key, Idempotency once, Actor actor) {
    Tuple name = Tuple.of(once.credential(), once.key());
    return database.transaction(
        connection ->
            connection
                .preparedQuery(TRY_LOCK_NAME)
                .execute(name)
                .compose(
                    locked ->
                        locked.iterator().next().getBoolean(0)
                            ? insertLocked(connection, key, once, actor)
                            : repeated(Repetition.RUNNING)));
  }

  private static Future<SingleInsertion> insertLocked(
      SqlConnection connection, NewKey key, Idempotency once, Actor actor) {
    return connection
        .preparedQuery(FIND_NAME)
        .execute(Tuple.of(once.credential(), once.key()))
        .compose(
            found ->
                found.size() == 0
                    ? insertFirst(connection, key, once, actor)
                    : replay(connection, found.iterator().next(), key, once, actor));
  }

  private static Future<SingleInsertion> insertFirst(
      SqlConnection connection, NewKey key, Idempotency once, Actor actor) {
    return insert(connection, key, actor)
        .compose(
            insertion ->
                (insertion.key() == null
                        ? Future.succeededFuture()
                        : keep(connection, once, insertion.key().id()))
                    .map(kept -> new SingleInsertion(Repetition.FIRST, insertion)));
  }

  private static Future<Void> keep(SqlConnection connection, Idempotency once, UUID keyId) {
    Buffer bodyHash = Buffer.buffer(once.bodyHash().bytes());
    return connection
        .preparedQuery(KEEP_NAME)
        .execute(Tuple.of(once.credential(), once.key(), bodyHash, keyId))
        .compose(kept -> connection.preparedQuery(FORGET_OLD_NAMES).execute())
        .mapEmpty();
  }

  private static Future<SingleInsertion> replay(
      SqlConnection connection, Row name, NewKey key, Idempotency once, Actor actor) {
    if (!TokenHash.of(name.getBuffer("body_hash").getBytes()).equals(once.bodyHash())) {
      return repeated(Repetition.OTHER_BODY);
    }
    return first(connection, LOCK_UNUSED, Tuple.of(name.getUUID("api_key_id")))
        .compose(
            unused ->
                unused == null
                    ? repeated(Repetition.USED)
                    : replaceToken(connection, unused.id(), key, actor));
  }

  private static Future<SingleInsertion> replaceToken(
      SqlConnection connection, UUID id, NewKey key, Actor actor) {
    Buffer hash = Buffer.buffer(key.hash().bytes());
    return connection
        .preparedQuery(REPLACE_TOKEN)
        .execute(Tuple.of(id, hash, key.prefix(), key.pepper()))
        .compose(done -> audited(connection, id, actor, "api_key.token_replaced"))
        .map(stored -> new SingleInsertion(Repetition.REPLAYED, new Insertion(CREATED, stored)));
  }

  private static Future<SingleInsertion> repeated(Repetition why) {
    return Future.succeededFuture(new SingleInsertion(why, null));
  }

  /** Locks what the key hangs on. Returns null if it may be stored. */
  private static Future<@Nullable Insertion> refusal(SqlConnection connection, NewKey key) {
    KeyOwner owner = key.command().owner();
    return exists(connection, LOCK_ACCOUNT, owner.createdBy(), owner.organizationId())
        .compose(found -> found ? serviceAccountExists(connection, owner) : refused(NO_ACCOUNT))
        .compose(
            refusal -> refusal != null ? Future.succeededFuture(refusal) : room(connection, key));
  }

  private static Future<@Nullable Insertion> serviceAccountExists(
      SqlConnection connection, KeyOwner owner) {
    UUID id = owner.serviceAccountId();
    return id == null
        ? Future.succeededFuture()
        : exists(connection, HOLD_SERVICE_ACCOUNT, id, owner.organizationId())
            .compose(found -> found ? Future.succeededFuture() : refused(NO_SERVICE_ACCOUNT));
  }

  private static Future<@Nullable Insertion> room(SqlConnection connection, NewKey key) {
    if (key.cap() == 0) {
      return Future.succeededFuture();
    }
    KeyOwner owner = key.command().owner();
    Future<Long> count =
        key.command().kind() == KeyKind.ORG
            ? exists(connection, LOCK_ORGANIZATION, owner.organizationId())
                .compose(
                    locked -> count(connection, COUNT_OF_ORGANIZATION, owner.organizationId(), key))
            : count(connection, COUNT_OF_ACCOUNT, owner.createdBy(), key);
    return count.compose(
        active -> active < key.cap() ? Future.succeededFuture() : refused(LIMIT_REACHED));
  }

  private static Future<Long> count(SqlConnection connection, String sql, UUID owner, NewKey key) {
    return connection
        .preparedQuery(sql)
        .execute(Tuple.of(owner, key.command().kind().text()))
        .map(rows -> rows.iterator().next().getLong(0));
  }

  private static Future<Void> write(SqlConnection connection, NewKey key) {
    return connection.preparedQuery(INSERT).execute(values(key)).mapEmpty();
  }

  private static Tuple values(NewKey key) {
    KeyOwner owner = key.command().owner();
    KeySettings settings = key.command().settings();
    KeyWebhook webhook = key.webhook();
    List<@Nullable Object> values = new ArrayList<>();
    values.add(key.id());
    values.add(key.command().kind().text());
    values.add(settings.name());
    values.add(settings.description());
    values.add(owner.organizationId());
    values.add(owner.userId());
    values.add(owner.serviceAccountId());
    values.add(owner.createdBy());
    values.add(key.prefix());
    values.add(Buffer.buffer(key.hash().bytes()));
    values.add(key.pepper());
    values.add(settings.scope());
    values.add(time(settings.expiresAt()));
    values.add(webhook == null ? null : webhook.url());
    values.add(sealed(webhook));
    addPolicy(values, settings.policy());
    PreviousSecret previous = webhook == null ? null : webhook.previous();
    values.add(previous == null ? null : Buffer.buffer(previous.secret().bytes()));
    values.add(previous == null ? null : time(previous.until()));
    return Tuple.wrap(values);
  }

  private static void addPolicy(List<@Nullable Object> values, KeyPolicy policy) {
    List<String> ranges = policy.allowedIps();
    RateLimit rate = policy.rateLimit();
    values.add(ranges == null ? null : ranges.toArray(String[]::new));
    values.add(rate == null ? null : rate.limit());
    values.add(rate == null ? null : rate.windowSeconds());
  }

  @Override
  public Future<List<KeyRecord>> list(KeyReach reach, Page page) {
    UUID holder = reach.holderId();
    String sql = holder == null ? LIST_OF_ORGANIZATION : LIST_OF_HOLDER;
    UUID owner = holder == null ? reach.organizationId() : holder;
    Tuple values = Tuple.of(owner, reach.kind().text(), page.limit(), page.offset());
    return database.query(
        client -> client.preparedQuery(sql).execute(values).map(PgKeyRegistry::all));
  }

  @Override
  public Future<@Nullable KeyRecord> find(KeyReach reach, UUID id) {
    return database.query(client -> first(client, FIND_IN_REACH, inReach(reach, id)));
  }

  @Override
  public Future<@Nullable KeyRecord> setWebhook(
      KeyReach reach, UUID id, @Nullable KeyWebhook webhook, Actor actor) {
    Tuple values = inReach(reach, id);
    values.addString(webhook == null ? null : webhook.url()).addBuffer(sealed(webhook));
    return database.transaction(
        connection ->
            exists(connection, SET_WEBHOOK, values)
                .compose(
                    changed ->
                        changed
                            ? told(connection, id, actor, "api_key.updated")
                            : Future.succeededFuture()));
  }

  @Override
  public Future<@Nullable KeyRecord> rotateWebhookSecret(
      KeyReach reach, UUID id, SealedText secret, Duration overlap, Actor actor) {
    Tuple values = inReach(reach, id);
    values.addBuffer(Buffer.buffer(secret.bytes())).addInteger((int) overlap.toSeconds());
    return database.transaction(
        connection ->
            exists(connection, SET_WEBHOOK_SECRET, values)
                .compose(
                    changed ->
                        changed ? secretRotated(connection, id, actor) : Future.succeededFuture()));
  }

  private static Future<@Nullable KeyRecord> secretRotated(
      SqlConnection connection, UUID id, Actor actor) {
    return audited(connection, id, actor, "webhook.secret_rotated")
        .compose(key -> KeyEvents.write(connection, key, actor, "api_key.updated").map(key));
  }

  @Override
  public Future<@Nullable Edit> update(
      KeyReach reach, UUID id, UnaryOperator<KeySettings> edit, Actor actor) {
    return database.transaction(
        connection ->
            first(connection, LOCK_ACTIVE, inReach(reach, id))
                .compose(
                    key ->
                        key == null
                            ? Future.succeededFuture()
                            : change(connection, key, edit.apply(key.settings()), actor)));
  }

  private static Future<@Nullable Edit> change(
      SqlConnection connection, KeyRecord key, KeySettings settings, Actor actor) {
    if (settings.equals(key.settings())) {
      return Future.succeededFuture(new Edit(settings, key));
    }
    List<@Nullable Object> values = new ArrayList<>();
    values.add(key.id());
    values.add(settings.name());
    values.add(settings.description());
    values.add(settings.scope());
    values.add(time(settings.expiresAt()));
    addPolicy(values, settings.policy());
    return connection
        .preparedQuery(SET_SETTINGS)
        .execute(Tuple.wrap(values))
        .compose(done -> told(connection, key.id(), actor, "api_key.updated"))
        .map(after -> new Edit(key.settings(), after));
  }

  @Override
  public Future<@Nullable KeyRecord> rotate(
      KeyReach reach, UUID id, Function<KeyRecord, NewKey> successor, Duration grace, Actor actor) {
    return database.transaction(
        connection ->
            first(connection, LOCK_WITHOUT_SUCCESSOR, inReach(reach, id))
                .compose(
                    old ->
                        old == null
                            ? Future.succeededFuture()
                            : replace(connection, old, successor.apply(old), grace, actor)));
  }

  private static Future<@Nullable KeyRecord> replace(
      SqlConnection connection, KeyRecord old, NewKey next, Duration grace, Actor actor) {
    Tuple retirement = Tuple.of(old.id(), next.id(), (int) grace.toSeconds());
    return write(connection, next)
        .compose(done -> connection.preparedQuery(RETIRE).execute(retirement))
        .compose(done -> connection.preparedQuery(HAND_OVER).execute(Tuple.of(old.id(), next.id())))
        .compose(done -> told(connection, old.id(), actor, "api_key.rotated"))
        .compose(done -> told(connection, next.id(), actor, "api_key.created"))
        .map(stored -> stored);
  }

  @Override
  public Future<@Nullable KeyRecord> findByToken(Set<KeyKind> kinds, List<TokenHash> hashes) {
    Tuple values =
        Tuple.tuple()
            .addArrayOfBuffer(
                hashes.stream().map(hash -> Buffer.buffer(hash.bytes())).toArray(Buffer[]::new))
            .addArrayOfString(kinds.stream().map(KeyKind::text).toArray(String[]::new));
    return database.query(client -> first(client, FIND_BY_TOKEN, values));
  }

  @Override
  public Future<RevokeOutcome> revoke(KeyReach reach, UUID id, Actor actor) {
    Tuple values = inReach(reach, id);
    return database.transaction(
        connection ->
            exists(connection, REVOKE, values)
                .compose(
                    revoked ->
                        revoked
                            ? told(connection, id, actor, "api_key.revoked")
                                .map(RevokeOutcome.REVOKED)
                            : whyNot(connection, values)));
  }

  private static Future<RevokeOutcome> whyNot(SqlConnection connection, Tuple inReach) {
    return exists(connection, IS_IN_REACH, inReach)
        .map(known -> known ? RevokeOutcome.ALREADY_REVOKED : RevokeOutcome.UNKNOWN);
  }

  /** As {@link #audited}, and tells the keys of the account about it. */
  private static Future<KeyRecord> told(
      SqlConnection connection, UUID id, Actor actor, String action) {
    return audited(connection, id, actor, action)
        .compose(key -> KeyEvents.write(connection, key, actor, action).map(key));
  }

  /** Returns the key as the change has left it, with an audit row about the change. */
  private static Future<KeyRecord> audited(
      SqlConnection connection, UUID id, Actor actor, String action) {
    return first(connection, FIND, Tuple.of(id))
        .map(key -> requireNonNull(key, "the key just written"))
        .compose(
            key -> AuditTrail.write(connection, actor, AuditTrail.Entry.of(key, action)).map(key));
  }

  private static Tuple inReach(KeyReach reach, UUID id) {
    return Tuple.of(id, reach.kind().text(), reach.organizationId(), reach.holderId());
  }

  private static Future<Boolean> exists(SqlClient client, String sql, UUID id, UUID... more) {
    return exists(client, sql, Tuple.of(id, (Object[]) more));
  }

  private static Future<Boolean> exists(SqlClient client, String sql, Tuple values) {
    return client.preparedQuery(sql).execute(values).map(rows -> rows.size() > 0);
  }

  private static Future<@Nullable KeyRecord> first(SqlClient client, String sql, Tuple values) {
    return client
        .preparedQuery(sql)
        .execute(values)
        .map(
            rows -> {
              RowIterator<Row> row = rows.iterator();
              return row.hasNext() ? KeyRows.read(row.next()) : null;
            });
  }

  private static List<KeyRecord> all(RowSet<Row> rows) {
    return Cells.readable(rows, KeyRows::read);
  }

  private static Future<@Nullable Insertion> refused(dev.maglatch.manage.Creation.Outcome outcome) {
    return Future.succeededFuture(new Insertion(outcome, null));
  }

  private static @Nullable Buffer sealed(@Nullable KeyWebhook webhook) {
    return webhook == null ? null : Buffer.buffer(webhook.secret().bytes());
  }

  private static @Nullable OffsetDateTime time(@Nullable Instant instant) {
    return instant == null ? null : instant.atOffset(ZoneOffset.UTC);
  }
}
