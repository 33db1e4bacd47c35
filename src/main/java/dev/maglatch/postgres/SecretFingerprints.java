// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.postgres;

import dev.maglatch.fault.StartFailure;
import dev.maglatch.secret.SecretRing;
import dev.maglatch.secret.SecretRing.SecretKeyBytes;
import io.vertx.core.Future;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Remembers in the database which secrets its values were made with, so that a gateway with the
 * wrong ones does not start: it would call every good key unknown.
 *
 * <p>Safe on any thread.
 */
public final class SecretFingerprints {
  private static final String KNOWN =
      """
      SELECT f.purpose, f.fingerprint,
             EXISTS (SELECT FROM accounts) OR EXISTS (SELECT FROM api_keys) AS in_use
        FROM secret_fingerprints AS f
      """;
  private static final String FORGET =
      """
      DELETE FROM secret_fingerprints AS f
       USING unnest($1::text[], $2::text[]) AS gone (purpose, fingerprint)
       WHERE f.purpose = gone.purpose AND f.fingerprint = gone.fingerprint
         AND NOT EXISTS (SELECT FROM accounts) AND NOT EXISTS (SELECT FROM api_keys)
      """;
  private static final String REMEMBER =
      """
      INSERT INTO secret_fingerprints (purpose, fingerprint)
      SELECT purpose, fingerprint FROM unnest($1::text[], $2::text[]) AS u (purpose, fingerprint)
          ON CONFLICT DO NOTHING
      """;

  private final SqlClient client;

  public SecretFingerprints(SqlClient client) {
    this.client = client;
  }

  /**
   * Checks {@code ring} and remembers its current keys. A new current key is fine as long as a
   * retired one of the ring is known; an empty database takes every ring.
   *
   * <p>Fails with a {@link StartFailure} when the database was made with other secrets.
   */
  public Future<Void> check(SecretRing ring) {
    Map<String, List<SecretKeyBytes>> purposes = purposes(ring);
    return client
        .query(KNOWN)
        .execute()
        .map(Known::of)
        .compose(known -> known.inUse ? refuseStrange(known, purposes) : forget(known))
        .compose(checked -> remember(purposes));
  }

  static Map<String, List<SecretKeyBytes>> purposes(SecretRing ring) {
    return Map.of(
        "pepper", ring.peppers(),
        "check", ring.checkKeys(),
        "encryption", ring.encryptionKeys(),
        "session", ring.sessionKeys());
  }

  private static Future<Void> refuseStrange(
      Known known, Map<String, List<SecretKeyBytes>> purposes) {
    List<String> strange = new ArrayList<>();
    purposes.forEach(
        (purpose, keys) -> {
          Set<String> before = known.fingerprints.getOrDefault(purpose, Set.of());
          if (!before.isEmpty()
              && keys.stream().noneMatch(key -> before.contains(key.fingerprint()))) {
            strange.add(purpose);
          }
        });
    return strange.isEmpty()
        ? Future.succeededFuture()
        : Future.failedFuture(
            new StartFailure(
                "this database was made with other secrets ("
                    + String.join(", ", strange.stream().sorted().toList())
                    + "); set secrets.master to the one it was made with, or add that one to"
                    + " secrets.previous"));
  }

  /** Drops what an empty database remembers: nothing in it depends on that. */
  private Future<Void> forget(Known known) {
    List<String> purposes = new ArrayList<>();
    List<String> fingerprints = new ArrayList<>();
    known.fingerprints.forEach(
        (purpose, values) ->
            values.forEach(
                value -> {
                  purposes.add(purpose);
                  fingerprints.add(value);
                }));
    return run(FORGET, purposes, fingerprints);
  }

  private Future<Void> remember(Map<String, List<SecretKeyBytes>> purposes) {
    List<String> names = new ArrayList<>();
    List<String> fingerprints = new ArrayList<>();
    purposes.forEach(
        (name, keys) -> {
          names.add(name);
          fingerprints.add(keys.get(0).fingerprint());
        });
    return run(REMEMBER, names, fingerprints);
  }

  private Future<Void> run(String sql, List<String> purposes, List<String> fingerprints) {
    String[] purposeArray = purposes.toArray(String[]::new);
    String[] fingerprintArray = fingerprints.toArray(String[]::new);
    return client
        .preparedQuery(sql)
        .execute(Tuple.of(purposeArray, (Object) fingerprintArray))
        .mapEmpty();
  }

  private record Known(Map<String, Set<String>> fingerprints, boolean inUse) {
    static Known of(Iterable<Row> rows) {
      Map<String, Set<String>> fingerprints = new HashMap<>();
      boolean inUse = false;
      for (Row row : rows) {
        fingerprints
            .computeIfAbsent(row.getString("purpose"), purpose -> new HashSet<>())
            .add(row.getString("fingerprint"));
        inUse = row.getBoolean("in_use");
      }
      return new Known(fingerprints, inUse);
    }
  }
}
