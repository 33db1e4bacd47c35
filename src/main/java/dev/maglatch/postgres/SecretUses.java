// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.postgres;

import static java.util.Objects.requireNonNull;

import dev.maglatch.secret.SecretRing;
import dev.maglatch.secret.SecretRing.SecretKeyBytes;
import io.vertx.core.Future;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.Tuple;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the database still needs each secret for, so that an old one can be given up. Safe on any
 * thread.
 */
public final class SecretUses {
  /*
   * Which check key a token was made with, and which session key a refresh token was signed with,
   * stands nowhere. A retired one can only have made what was made before the current one was first
   * used; replicas that are replaced one by one may go on with the old one for a while, hence the
   * day.
   */
  private static final String LIST =
      """
      WITH ring AS (
        SELECT u.purpose, u.fingerprint, u.standing
          FROM unnest($1::text[], $2::text[], $3::text[]) AS u (purpose, fingerprint, standing)
      ), named AS (
        SELECT purpose, fingerprint FROM ring
         UNION SELECT purpose, fingerprint FROM secret_fingerprints
         UNION SELECT 'pepper', pepper FROM api_keys
         UNION SELECT 'encryption', encode(substring(webhook_secret FROM 2 FOR 8), 'hex')
                 FROM api_keys WHERE webhook_secret IS NOT NULL
         UNION SELECT 'encryption', encode(substring(previous_webhook_secret FROM 2 FOR 8), 'hex')
                 FROM api_keys WHERE previous_webhook_secret_until > clock_timestamp()
      ), dated AS (
        SELECT n.purpose, n.fingerprint, r.standing, f.first_used,
               coalesce(CASE WHEN r.standing IS DISTINCT FROM 'current'
                              AND (f.first_used IS NULL OR f.first_used < now.first_used)
                             THEN now.first_used + interval '1 day' END, 'infinity') AS until
          FROM named AS n
          LEFT JOIN ring AS r USING (purpose, fingerprint)
          LEFT JOIN secret_fingerprints AS f USING (purpose, fingerprint)
          LEFT JOIN (SELECT r.purpose, f.first_used
                       FROM ring AS r JOIN secret_fingerprints AS f USING (purpose, fingerprint)
                      WHERE r.standing = 'current') AS now USING (purpose)
      )
      SELECT purpose, fingerprint, standing, first_used,
             CASE purpose
               WHEN 'pepper' THEN
                 (SELECT count(*) FROM api_keys AS k
                   WHERE k.pepper = fingerprint AND k.revoked_at IS NULL)
               WHEN 'encryption' THEN
                 (SELECT count(*) FROM api_keys AS k
                   WHERE encode(substring(k.webhook_secret FROM 2 FOR 8), 'hex') = fingerprint
                      OR (k.previous_webhook_secret_until > clock_timestamp()
                          AND encode(substring(k.previous_webhook_secret FROM 2 FOR 8), 'hex')
                              = fingerprint))
               WHEN 'check' THEN
                 (SELECT count(*) FROM api_keys AS k
                   WHERE k.revoked_at IS NULL AND k.created_at < until)
               ELSE
                 (SELECT count(*) FROM session_families AS s
                   WHERE s.kind = 'token' AND s.ended_at IS NULL
                     AND s.expires_at > clock_timestamp() AND s.last_used_at < until)
             END AS rows
        FROM dated
       ORDER BY purpose, standing, first_used DESC NULLS LAST, fingerprint
      """;
  private static final String RETIRE =
      "DELETE FROM secret_fingerprints WHERE purpose = $1::text AND fingerprint = $2::text";

  private final Database database;
  private final SecretRing ring;

  public SecretUses(Database database, SecretRing ring) {
    this.database = requireNonNull(database, "database");
    this.ring = requireNonNull(ring, "ring");
  }

  /**
   * One key of one purpose.
   *
   * @param purpose {@code pepper}, {@code check}, {@code encryption} or {@code session}
   * @param standing {@code current} or {@code previous} in the settings; null if it is not in them
   * @param firstUsed null if the database does not remember it
   * @param rows that need it: keys not revoked (pepper, check), webhook secrets (encryption), token
   *     sessions (session)
   */
  public record Use(
      String purpose,
      String fingerprint,
      @Nullable String standing,
      @Nullable Instant firstUsed,
      long rows) {
    public static final String CURRENT = "current";

    /** Whether {@link #rows} is the number itself, and not only its upper bound. */
    public boolean exact() {
      return purpose.equals("pepper") || purpose.equals("encryption");
    }

    public boolean current() {
      return CURRENT.equals(standing);
    }
  }

  /** Returns every key that the settings, the database or a row in it names. */
  public Future<List<Use>> list() {
    List<String> purposes = new ArrayList<>();
    List<String> fingerprints = new ArrayList<>();
    List<String> standings = new ArrayList<>();
    SecretFingerprints.purposes(ring)
        .forEach(
            (purpose, keys) -> {
              for (SecretKeyBytes key : keys) {
                purposes.add(purpose);
                fingerprints.add(key.fingerprint());
                standings.add(key == keys.get(0) ? Use.CURRENT : "previous");
              }
            });
    Tuple values =
        Tuple.tuple()
            .addArrayOfString(purposes.toArray(String[]::new))
            .addArrayOfString(fingerprints.toArray(String[]::new))
            .addArrayOfString(standings.toArray(String[]::new));
    return database.query(
        client ->
            client
                .preparedQuery(LIST)
                .execute(values)
                .map(rows -> rows.stream().map(SecretUses::read).toList()));
  }

  /** Forgets a key: a gateway that has no other one for this purpose does not start any more. */
  public Future<Void> retire(Use use) {
    Tuple values = Tuple.of(use.purpose(), use.fingerprint());
    return database.query(client -> client.preparedQuery(RETIRE).execute(values).mapEmpty());
  }

  private static Use read(Row row) {
    OffsetDateTime firstUsed = row.getOffsetDateTime("first_used");
    return new Use(
        row.getString("purpose"),
        row.getString("fingerprint"),
        row.getString("standing"),
        firstUsed == null ? null : firstUsed.toInstant(),
        row.getLong("rows"));
  }
}
