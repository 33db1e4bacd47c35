// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.postgres;

import static java.util.Objects.requireNonNull;

import dev.maglatch.key.KeyPolicy;
import dev.maglatch.key.TokenHash;
import dev.maglatch.manage.Actor;
import dev.maglatch.manage.ImportedKey;
import dev.maglatch.manage.KeyInventory;
import dev.maglatch.manage.KeyRecord;
import dev.maglatch.manage.Page;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowIterator;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** The keys of everybody in {@code api_keys}. */
public final class PgKeyInventory implements KeyInventory {
  private static final int BATCH = 1_000;
  private static final String FIND = KeyRows.SELECT + " WHERE k.id = $1::uuid";
  private static final String LIST =
      "SELECT held.*, a.email AS account_email, stored.key_hash, stored.pepper FROM ("
          + KeyRows.SELECT
          + """
            ) AS held
              JOIN accounts AS a ON a.id = held.created_by
              JOIN api_keys AS stored ON stored.id = held.id
             ORDER BY held.created_at, held.id
             LIMIT $1::integer OFFSET $2::integer
            """;

  /**
   * Makes the next change stand for all that follow in this transaction: a single "flush
   * everything", as the triggers write it beyond a thousand changes.
   */
  private static final String NOTE_ONE_FLUSH =
      "SELECT set_config('maglatch.noted', pg_current_xact_id()::text || ':1000', true)";

  private static final String OWNERS =
      """
      SELECT email, id, organization_id FROM accounts
       WHERE email = ANY ($1::text[]) AND disabled_at IS NULL
         FOR KEY SHARE
      """;
  private static final String TAKEN =
      "SELECT key_hash FROM api_keys WHERE key_hash = ANY ($1::bytea[])";
  private static final String PRESENT = "SELECT id FROM api_keys WHERE id = ANY ($1::uuid[])";
  private static final String INSERT =
      """
      WITH k AS (
        INSERT INTO api_keys
               (kind, name, organization_id, user_id, created_by, key_prefix, key_hash, pepper,
                scope, expires_at, created_at, id, description, allowed_ips, rate_limit,
                rate_limit_window, revoked_at, revoke_after)
        VALUES ($1::text, $2::text, $3::uuid, $4::uuid, $4::uuid, $5::text, $6::bytea, $7::text,
                $8::text, $9::timestamptz, coalesce($10::timestamptz, clock_timestamp()),
                coalesce($12::uuid, gen_random_uuid()), $13::text, $14::text[], $15::integer,
                $16::integer, $17::timestamptz, $18::timestamptz)
        RETURNING id
      )
      INSERT INTO key_usage (key_id, last_used_at)
      SELECT k.id, $11::timestamptz FROM k WHERE $11::timestamptz IS NOT NULL
      """;
  private static final String AUDIT =
      """
      INSERT INTO audit (actor, credential, address, action, entity, entity_id, detail,
                         organization_id)
      VALUES ($1::text, $2::text, $3::text, 'api_key.imported', 'import', $4::text, $5::jsonb,
              $6::uuid)
      """;

  private final Database database;

  public PgKeyInventory(Database database) {
    this.database = requireNonNull(database, "database");
  }

  @Override
  public Future<@Nullable KeyRecord> find(UUID id) {
    return database.query(
        client ->
            client
                .preparedQuery(FIND)
                .execute(Tuple.of(id))
                .map(
                    rows -> {
                      RowIterator<Row> row = rows.iterator();
                      return row.hasNext() ? KeyRows.read(row.next()) : null;
                    }));
  }

  @Override
  public Future<List<Held>> list(Page page) {
    Tuple values = Tuple.of(page.limit(), page.offset());
    return database.query(
        client ->
            client
                .preparedQuery(LIST)
                .execute(values)
                .map(
                    rows ->
                        Cells.readable(
                            rows,
                            row ->
                                new Held(
                                    row.getString("account_email"),
                                    KeyRows.read(row),
                                    TokenHash.of(row.getBuffer("key_hash").getBytes()),
                                    row.getString("pepper")))));
  }

  /** A large file takes as long as it takes: only each statement has its timeout. */
  @Override
  public Future<List<BadLine>> insertAll(List<NewLine> keys, Actor actor) {
    return database
        .pool()
        .withTransaction(connection -> insertAll(connection, keys, actor))
        .recover(failure -> Future.failedFuture(DatabaseFailure.fault(failure)));
  }

  private static Future<List<BadLine>> insertAll(
      SqlConnection connection, List<NewLine> keys, Actor actor) {
    return connection
        .query(NOTE_ONE_FLUSH)
        .execute()
        .compose(noted -> owners(connection, keys))
        .compose(
            owners ->
                badLines(connection, keys, owners)
                    .compose(
                        bad ->
                            bad.isEmpty()
                                ? insert(connection, tuples(keys, owners), 0)
                                    .compose(done -> audit(connection, owners, keys.size(), actor))
                                    .map(bad)
                                : Future.succeededFuture(bad)));
  }

  @Override
  public Future<List<BadLine>> check(List<NewLine> keys) {
    return database
        .pool()
        .withTransaction(
            connection ->
                owners(connection, keys).compose(owners -> badLines(connection, keys, owners)))
        .recover(failure -> Future.failedFuture(DatabaseFailure.fault(failure)));
  }

  private static Future<List<BadLine>> badLines(
      SqlConnection connection, List<NewLine> keys, Map<String, Owner> owners) {
    return taken(connection, keys)
        .compose(
            taken ->
                present(connection, keys).map(present -> badLines(keys, owners, taken, present)));
  }

  private static Future<Map<String, Owner>> owners(SqlConnection connection, List<NewLine> keys) {
    String[] emails =
        keys.stream().map(line -> line.key().email()).distinct().toArray(String[]::new);
    return connection
        .preparedQuery(OWNERS)
        .execute(Tuple.tuple().addArrayOfString(emails))
        .map(
            rows -> {
              Map<String, Owner> owners = new HashMap<>();
              rows.forEach(
                  row ->
                      owners.put(
                          row.getString("email"),
                          new Owner(row.getUUID("id"), row.getUUID("organization_id"))));
              return owners;
            });
  }

  private static Future<Set<TokenHash>> taken(SqlConnection connection, List<NewLine> keys) {
    List<TokenHash> hashes = keys.stream().flatMap(line -> line.hashes().stream()).toList();
    return connection
        .preparedQuery(TAKEN)
        .execute(Tuple.tuple().addArrayOfBuffer(buffers(hashes)))
        .map(
            rows -> {
              Set<TokenHash> taken = new HashSet<>();
              rows.forEach(row -> taken.add(TokenHash.of(row.getBuffer(0).getBytes())));
              return taken;
            });
  }

  private static Future<Set<UUID>> present(SqlConnection connection, List<NewLine> keys) {
    UUID[] ids =
        keys.stream()
            .map(line -> line.key().rest().id())
            .filter(Objects::nonNull)
            .toArray(UUID[]::new);
    return connection
        .preparedQuery(PRESENT)
        .execute(Tuple.tuple().addArrayOfUUID(ids))
        .map(
            rows -> {
              Set<UUID> present = new HashSet<>();
              rows.forEach(row -> present.add(row.getUUID(0)));
              return present;
            });
  }

  private static List<BadLine> badLines(
      List<NewLine> keys, Map<String, Owner> owners, Set<TokenHash> taken, Set<UUID> present) {
    List<BadLine> bad = new ArrayList<>();
    for (NewLine line : keys) {
      ImportedKey key = line.key();
      if (!owners.containsKey(key.email())) {
        bad.add(new BadLine(key.line(), "account_email: no usable account " + key.email()));
      }
      if (line.hashes().stream().anyMatch(taken::contains)) {
        bad.add(new BadLine(key.line(), "this key is in the database already"));
      } else if (present.contains(key.rest().id())) {
        bad.add(new BadLine(key.line(), "id: another key has it already"));
      }
    }
    return bad;
  }

  private static List<Tuple> tuples(List<NewLine> keys, Map<String, Owner> owners) {
    List<Tuple> tuples = new ArrayList<>(keys.size());
    for (NewLine line : keys) {
      ImportedKey key = line.key();
      Owner owner = requireNonNull(owners.get(key.email()), "owner");
      Tuple values = Tuple.of(key.kind().text(), key.name(), owner.organization(), owner.account());
      values
          .addString(key.prefix())
          .addBuffer(buffer(line.hashes().get(0)))
          .addString(line.pepper());
      values.addString(key.scope()).addOffsetDateTime(time(key.expiresAt()));
      values.addOffsetDateTime(time(key.createdAt())).addOffsetDateTime(time(key.lastUsedAt()));
      addRest(values, key.rest());
      tuples.add(values);
    }
    return tuples;
  }

  private static void addRest(Tuple values, ImportedKey.Rest rest) {
    List<String> ranges = rest.policy().allowedIps();
    KeyPolicy.RateLimit limit = rest.policy().rateLimit();
    values.addUUID(rest.id()).addString(rest.description());
    values.addArrayOfString(ranges == null ? null : ranges.toArray(String[]::new));
    values.addInteger(limit == null ? null : limit.limit());
    values.addInteger(limit == null ? null : limit.windowSeconds());
    values.addOffsetDateTime(time(rest.revokedAt())).addOffsetDateTime(time(rest.revokeAfter()));
  }

  private static Future<Void> insert(SqlConnection connection, List<Tuple> tuples, int from) {
    if (from >= tuples.size()) {
      return Future.succeededFuture();
    }
    int to = Math.min(tuples.size(), from + BATCH);
    return connection
        .preparedQuery(INSERT)
        .executeBatch(tuples.subList(from, to))
        .compose(done -> insert(connection, tuples, to));
  }

  /** An organization sees the row if all keys are its own; its detail names all of them. */
  private static Future<Void> audit(
      SqlConnection connection, Map<String, Owner> owners, int count, Actor actor) {
    List<UUID> organizations =
        owners.values().stream().map(Owner::organization).distinct().sorted().toList();
    JsonArray names = new JsonArray();
    organizations.forEach(id -> names.add(id.toString()));
    Tuple values =
        Tuple.of(
            actor.name(),
            actor.credential(),
            actor.address(),
            UUID.randomUUID().toString(),
            new JsonObject().put("keys", count).put("organizations", names));
    values.addUUID(organizations.size() == 1 ? organizations.get(0) : null);
    return connection.preparedQuery(AUDIT).execute(values).mapEmpty();
  }

  private static Buffer[] buffers(Collection<TokenHash> hashes) {
    return hashes.stream().map(PgKeyInventory::buffer).toArray(Buffer[]::new);
  }

  private static Buffer buffer(TokenHash hash) {
    return Buffer.buffer(hash.bytes());
  }

  private static @Nullable OffsetDateTime time(@Nullable Instant instant) {
    return instant == null ? null : instant.atOffset(ZoneOffset.UTC);
  }

  private record Owner(UUID account, UUID organization) {}
}
