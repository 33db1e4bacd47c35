// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.postgres;

import static java.util.Objects.requireNonNull;

import dev.maglatch.session.SignInCounters;
import io.vertx.core.Future;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.SqlResult;
import io.vertx.sqlclient.Tuple;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Counts of failed sign-ins in {@code sign_in_failures}. */
public final class PgSignInCounters implements SignInCounters {
  /* Rows are always locked in the order of their subjects, so that no two calls wait in a circle. */

  private static final String READ =
      """
      SELECT subject, failures,
             greatest(0, extract(epoch FROM
               window_start + $2::bigint * interval '1 millisecond' - clock_timestamp()) * 1000
             )::bigint AS remaining
        FROM sign_in_failures
       WHERE subject = ANY ($1::text[])
         AND window_start > clock_timestamp() - $2::bigint * interval '1 millisecond'
      """;

  private static final String ADD =
      """
      INSERT INTO sign_in_failures AS known (subject, failures, window_start)
      SELECT subject, 1, clock_timestamp() FROM unnest($1::text[]) AS subject ORDER BY subject
          ON CONFLICT (subject) DO UPDATE
         SET failures =
               CASE WHEN known.window_start
                           > clock_timestamp() - $2::bigint * interval '1 millisecond'
                    THEN least(known.failures, 1000000) + 1
                    ELSE 1 END,
             window_start =
               CASE WHEN known.window_start
                           > clock_timestamp() - $2::bigint * interval '1 millisecond'
                    THEN known.window_start
                    ELSE excluded.window_start END
      RETURNING subject, failures,
             greatest(0, extract(epoch FROM
               window_start + $2::bigint * interval '1 millisecond' - clock_timestamp()) * 1000
             )::bigint AS remaining
      """;

  private static final String TAKE_BACK =
      """
      WITH locked AS (
        SELECT subject FROM sign_in_failures
         WHERE subject = ANY ($1::text[]) ORDER BY subject FOR UPDATE
      )
      UPDATE sign_in_failures AS known SET failures = greatest(0, failures - 1)
        FROM locked WHERE known.subject = locked.subject
      """;

  private static final String RESET = "DELETE FROM sign_in_failures WHERE subject = $1::text";

  static final String DELETE_OVER =
      """
      DELETE FROM sign_in_failures
       WHERE subject = ANY (ARRAY(
             SELECT subject FROM sign_in_failures
              WHERE window_start < statement_timestamp() - $1::bigint * interval '1 millisecond'
              LIMIT 10000
                FOR UPDATE SKIP LOCKED))
      """;

  private final Database database;

  public PgSignInCounters(Database database) {
    this.database = requireNonNull(database, "database");
  }

  @Override
  public Future<List<Count>> read(List<String> subjects, Duration window) {
    return counts(READ, subjects, window);
  }

  @Override
  public Future<List<Count>> add(List<String> subjects, Duration window) {
    return counts(ADD, subjects, window);
  }

  @Override
  public Future<Void> takeBack(List<String> subjects) {
    return run(TAKE_BACK, Tuple.of(subjects.toArray(String[]::new)));
  }

  @Override
  public Future<Void> reset(String subject) {
    return run(RESET, Tuple.of(subject));
  }

  @Override
  public Future<Integer> deleteOver(Duration window) {
    return database.query(
        client ->
            client
                .preparedQuery(DELETE_OVER)
                .execute(Tuple.of(window.toMillis()))
                .map(SqlResult::rowCount));
  }

  private Future<List<Count>> counts(String sql, List<String> subjects, Duration window) {
    Tuple parameters = Tuple.of(subjects.toArray(String[]::new), window.toMillis());
    return database.query(
        client ->
            client.preparedQuery(sql).execute(parameters).map(rows -> inOrder(subjects, rows)));
  }

  private static List<Count> inOrder(List<String> subjects, RowSet<Row> rows) {
    Map<String, Count> found = new HashMap<>();
    for (Row row : rows) {
      Duration remaining = Duration.ofMillis(row.getLong("remaining"));
      found.put(row.getString("subject"), new Count(row.getInteger("failures"), remaining));
    }
    return subjects.stream().map(each -> found.getOrDefault(each, Count.NONE)).toList();
  }

  private Future<Void> run(String sql, Tuple parameters) {
    return database.query(client -> client.preparedQuery(sql).execute(parameters).mapEmpty());
  }
}
