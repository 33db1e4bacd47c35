// SPDX-License-Identifier: Apache-2.0
package dev.maglatch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.maglatch.postgres.Database;
import dev.maglatch.postgres.PgEventStore;
import dev.maglatch.postgres.PoolLimits;
import dev.maglatch.postgres.TestDatabase;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.net.http.HttpResponse;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.slf4j.LoggerFactory;

/** A row with a value that nobody can make sense of is the trouble of its own key alone. */
class BrokenRowsTest {
  private static final String OWNER =
      "{\"email\":\"owner@example.com\",\"password\":\"correct horse battery\"}";

  private static final String NOTICES =
      "SELECT count(*) FROM webhook_notices WHERE key_id = '%s' AND event = 'api_key.expiring'";

  private static TestDatabase database;
  private static EchoUpstream upstream;
  private static TestGateway gateway;
  private static String session;
  private static JsonObject sound;

  private final ListAppender<ILoggingEvent> log = new ListAppender<>();

  @BeforeAll
  static void start() throws SQLException {
    database = TestDatabase.create();
    dropConstraints("api_keys");
    dropConstraints("service_accounts");
    upstream = new EchoUpstream();
    gateway =
        TestGateway.begin(
                database.address(), upstream.url(), Map.of("MAGLATCH_SESSIONS_SIGNUP", "true"))
            .awaitReady();
    session =
        new JsonObject(gateway.post("/auth/v1/signup", OWNER).body()).getString("access_token");
    sound = key();
  }

  @AfterAll
  static void stop() {
    gateway.close();
    upstream.close();
    database.close();
  }

  @BeforeEach
  void listen() {
    log.start();
    root().addAppender(log);
  }

  @AfterEach
  void stopListening() {
    root().detachAppender(log);
  }

  /** 503: what the row says is not known, so that it cannot be said that the key is bad. */
  @ParameterizedTest(name = "{0} = {1}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "kind | NULL",
        "kind | 'other'",
        "kind | ''",
        "organization_id | NULL",
        "user_id | NULL",
        "scope | NULL",
        "scope | 'admin'",
        "scope | repeat('x', 100000)",
        "allowed_ips | ARRAY[NULL]::text[]",
        "rate_limit | 7",
      })
  void keyIsUndecidedAndTheLogNamesRowAndColumn(String column, String value) {
    JsonObject broken = key();
    set(broken, column, value);

    await()
        .untilAsserted(
            () -> assertThat(status(broken)).as("%s = %s", column, value).isEqualTo(503));
    String named = column.equals("rate_limit") ? "rate_limit_window" : column;
    await()
        .atMost(Duration.ofSeconds(10))
        .untilAsserted(
            () -> {
              assertThat(status(broken)).isEqualTo(503); // complaints are one a second
              assertThat(logged())
                  .anyMatch(
                      line ->
                          line.length() < 1_000
                              && line.contains("api_keys row " + broken.getString("id"))
                              && line.contains("column " + named + " "));
            });
    assertThat(status(sound)).isEqualTo(200);
    assertThat(listed()).contains(sound.getString("id"));
    forget(broken);
  }

  /** What does not decide anything may be as strange as it likes. */
  @ParameterizedTest(name = "{0} = {1}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "name | NULL",
        "name | ''",
        "name | repeat('x', 1000000)",
        "description | repeat('x', 1000000)",
        "key_prefix | ''",
        "pepper | 'unknown'",
        "expires_at | 'infinity'",
        "created_at | 'infinity'",
        "created_at | '-infinity'",
        "created_at | '0044-03-15 BC'",
        "revoke_after | '294276-01-01'",
        "webhook_url | 'not a URL'",
        "webhook_secret | 'garbage'::bytea",
        "successor_id | '00000000-0000-0000-0000-000000000001'",
      })
  void keyWorksAndIsListed(String column, String value) {
    JsonObject strange = key();
    set(strange, column, value);

    assertThat(status(strange)).isEqualTo(200);
    assertThat(listed()).contains(sound.getString("id"), strange.getString("id"));
    forget(strange);
  }

  @ParameterizedTest(name = "{0} = {1}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "revoked_at | '-infinity'",
        "revoked_at | 'infinity'",
        "expires_at | '-infinity'",
        "revoke_after | '-infinity'"
      })
  void keyIsRefusedAndListed(String column, String value) {
    JsonObject strange = key();
    set(strange, column, value);

    await().untilAsserted(() -> assertThat(status(strange)).isEqualTo(401));
    assertThat(listed()).contains(sound.getString("id"), strange.getString("id"));
    forget(strange);
  }

  /** A row that cannot be shown is left out, and the log says so. */
  @Test
  void listShowsWhatCanBeShown() {
    JsonObject broken = key();
    set(broken, "created_at", "NULL");

    assertThat(status(broken)).isEqualTo(200);
    assertThat(listed()).contains(sound.getString("id")).doesNotContain(broken.getString("id"));
    assertThat(logged())
        .anyMatch(
            line ->
                line.contains("row left out")
                    && line.contains(broken.getString("id"))
                    && line.contains("column created_at "));
    forget(broken);
  }

  /** One that nobody can read, written without any constraint's refusal, silences no other. */
  @Test
  void expiryOfOthersIsToldOf() {
    JsonObject broken = key();
    JsonObject expiring = key();
    set(broken, "allowed_ips", "ARRAY[NULL]::text[]");
    set(broken, "expires_at", "now() + interval '1 day'");
    set(expiring, "expires_at", "now() + interval '2 days'");
    Vertx vertx = Vertx.vertx();
    Database own = Database.open(vertx, database.address(), PoolLimits.DEFAULT);
    try {
      Await.result(new PgEventStore(own).noticeExpiring(Duration.ofDays(7), 100));

      assertThat(database.count(NOTICES.formatted(expiring.getString("id")))).isOne();
    } finally {
      Await.result(own.close());
      Await.result(vertx.close());
    }
    forget(broken);
    forget(expiring);
  }

  @Test
  void serviceAccountWithABrokenRowIsTheTroubleOfItsKeysAlone() {
    JsonObject robot =
        data(post("/v1/service-accounts", "{\"name\":\"r\",\"permissions\":[\"p\"]}"));
    JsonObject key =
        data(
            post(
                "/v1/api-keys",
                "{\"name\":\"k\",\"serviceAccountId\":\"" + robot.getString("id") + "\"}"));
    assertThat(status(key)).isEqualTo(200);
    database.execute("UPDATE service_accounts SET permissions = ARRAY[NULL]::text[], name = NULL");

    await().untilAsserted(() -> assertThat(status(key)).isEqualTo(503));
    assertThat(status(sound)).isEqualTo(200);
    HttpResponse<String> list =
        gateway.get("/v1/service-accounts", "Authorization", "Bearer " + session);
    assertThat(data(list).getJsonArray("items")).isEmpty();
    database.execute("UPDATE service_accounts SET permissions = '{}', name = 'r'");
    await().untilAsserted(() -> assertThat(status(key)).isEqualTo(200));
  }

  private static JsonObject key() {
    return data(post("/v1/api-keys", "{\"name\":\"k\"}"));
  }

  private static void set(JsonObject key, String column, String value) {
    database.execute(
        "UPDATE api_keys SET "
            + column
            + " = "
            + value
            + " WHERE id = '"
            + key.getString("id")
            + "'");
  }

  private static void forget(JsonObject key) {
    database.execute("DELETE FROM api_keys WHERE id = '" + key.getString("id") + "'");
  }

  private static int status(JsonObject key) {
    return gateway.get("/", "Authorization", "Bearer " + key.getString("key")).statusCode();
  }

  private static List<String> listed() {
    JsonArray items =
        data(gateway.getWhatever("/v1/api-keys?limit=100", "Authorization", "Bearer " + session))
            .getJsonArray("items");
    return items.stream().map(item -> ((JsonObject) item).getString("id")).toList();
  }

  private static HttpResponse<String> post(String path, String body) {
    return gateway.post(path, body, "Authorization", "Bearer " + session);
  }

  private static JsonObject data(HttpResponse<String> answer) {
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    return new JsonObject(answer.body()).getJsonObject("data");
  }

  private List<String> logged() {
    return new ArrayList<>(log.list).stream().map(ILoggingEvent::getFormattedMessage).toList();
  }

  private static Logger root() {
    return (Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
  }

  /** Makes room for rows that only a hand could write. */
  private static void dropConstraints(String table) throws SQLException {
    try (var connection = database.connect();
        var statement = connection.createStatement()) {
      statement.execute(
          "DO $$ DECLARE c record; BEGIN"
              + " FOR c IN SELECT conname FROM pg_constraint WHERE conrelid = '"
              + table
              + "'::regclass AND contype IN ('c', 'f') LOOP"
              + " EXECUTE 'ALTER TABLE "
              + table
              + " DROP CONSTRAINT ' || quote_ident(c.conname); END LOOP;"
              + " FOR c IN SELECT attname FROM pg_attribute WHERE attrelid = '"
              + table
              + "'::regclass AND attnum > 0 AND attnotnull AND attname <> 'id' LOOP"
              + " EXECUTE 'ALTER TABLE "
              + table
              + " ALTER COLUMN ' || quote_ident(c.attname) || ' DROP NOT NULL'; END LOOP; END $$");
    }
  }
}
