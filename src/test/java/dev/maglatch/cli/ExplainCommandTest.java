// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.maglatch.postgres.DatabaseAddress;
import dev.maglatch.postgres.TestDatabase;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.ByteArrayInputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class ExplainCommandTest {
  private static final String ROUTES =
      """
      [{name: write, path: /write, scopes: [read-write], upstream: "http://w:81/base",
        strip-prefix: /write},
       {name: open, path: /open, auth: none, upstream: "http://o", rate-limit: {per-minute: 5}},
       {name: slow, path: /slow, auth: optional, upstream: "http://s", max-staleness: 1500ms,
        rate-limit: {preset: magpipe}},
       {name: any, path: /any, upstream: "http://a"}]
      """;

  private static final TestDatabase database = TestDatabase.create();
  private static final String MASTER =
      Base64.getEncoder().encodeToString("a master for explaining, not for use".getBytes(UTF_8));

  private static String id = "";
  private static String token = "";

  private String out = "";

  @BeforeAll
  static void makeKey() {
    assertThat(
            run("password1!", "account", "create", "--email", "a@b.example", "--password-stdin")
                .code)
        .isZero();
    Ran made =
        run(
            "",
            "key",
            "create",
            "--account",
            "a@b.example",
            "--kind",
            "org",
            "--name",
            "k",
            "--scope",
            "read",
            "--json");
    assertThat(made.code).isZero();
    id = new JsonObject(made.out).getString("id");
    token = new JsonObject(made.out).getString("token");
  }

  @AfterAll
  static void stop() {
    database.close();
  }

  @Test
  void goodKeyIsLetThroughStepByStep() {
    assertThat(explain("--key-id", id, "--url", "http://h/any/x?y")).isZero();
    assertThat(out)
        .containsSubsequence(
            "route",
            "ok",
            "any, to http://a/any/x?y",
            "auth",
            "ok",
            "required",
            "credential",
            "ok",
            "good at",
            "database",
            "ok",
            "goes on for 600 s",
            "address",
            "ok",
            "anywhere",
            "scope",
            "ok",
            "scopes [read]",
            "rate limit",
            "ok",
            "none",
            "route limit",
            "ok",
            "none",
            "Let through.");
  }

  @Test
  void whatTheRouteSetsIsTold() {
    assertThat(explain("--key-id", id, "--url", "/slow")).isZero();
    assertThat(out)
        .containsSubsequence(
            "optional",
            "goes on for 1.5 s",
            "route limit",
            "100 a minute and 10000 a day for each key;");
    assertThat(explain("--key-id", id, "--url", "/slow", "-s=cache.on-database-loss=refuse"))
        .isZero();
    assertThat(out).contains("without it the answer is 503");
  }

  @Test
  void tokenExplainsTheSameAndIsNeverShown() {
    assertThat(explainToken(token, "--url", "/any")).isZero();
    assertThat(out).contains(id, token.substring(0, 8)).doesNotContain(token, token.substring(8));

    String forged = token.substring(0, token.length() - 1) + (token.endsWith("0") ? "1" : "0");
    assertThat(explainToken(forged, "--url", "/any")).isOne();
    assertThat(out).contains("check bytes are wrong", "Refused: 401.").doesNotContain(forged);
    assertThat(explainToken("eyJ.a.b", "--url", "/any")).isOne();
    assertThat(out).contains("malformed");
  }

  @Test
  void routeThatRefusesEndsTheStory() {
    assertThat(explain("--key-id", id, "--url", "/nowhere")).isOne();
    assertThat(out).contains("no route takes it", "Refused: 404.").doesNotContain("credential");
    assertThat(explain("--key-id", id, "--url", "/any/..%2fwrite")).isOne();
    assertThat(out).contains("Refused: 400.");
    assertThat(explain("--key-id", id, "--url", "/open/x")).isZero();
    assertThat(out).contains("none is read on this route", "5 a minute for each address;");
  }

  @Test
  void scopeAndMethodAreTheRoutes() {
    assertThat(explain("--key-id", id, "--url", "/write")).isOne();
    assertThat(out).contains("one of [read-write]", "Refused: 403.");
    assertThat(explain("--key-id", id, "--url", "/any", "--method", "POST")).isOne();
    assertThat(out).contains("which only reads", "Refused: 403.");
  }

  @Test
  void addressesAndLimitAreTheKeys() throws SQLException {
    sql("UPDATE api_keys SET allowed_ips = '{10.0.0.0/8}', rate_limit = 7, rate_limit_window = 60");
    try {
      assertThat(explain("--key-id", id, "--url", "/any", "--address", "10.1.2.3")).isZero();
      assertThat(out).contains("10.1.2.3; the key is for [10.0.0.0/8]", "7 in 60 s");
      assertThat(explain("--key-id", id, "--url", "/any", "--address", "192.0.2.1")).isOne();
      assertThat(out).contains("REFUSED  192.0.2.1;", "Refused: 403.");
      assertThat(explain("--key-id", id, "--url", "/any")).isOne();
      assertThat(out).contains("give --address");
    } finally {
      sql("UPDATE api_keys SET allowed_ips = NULL, rate_limit = NULL, rate_limit_window = NULL");
    }
  }

  @Test
  void stateIsThatOfTheTimeThatIsAskedAbout() throws SQLException {
    sql("UPDATE api_keys SET created_at = '2026-01-01Z', expires_at = '2026-05-01Z'");
    sql("UPDATE api_keys SET revoked_at = '2026-03-01Z'");
    sql("UPDATE accounts SET disabled_at = '2026-02-01Z'");
    try {
      assertThat(stateAt("2025-12-31T23:59:59Z")).contains("unknown then: made at 2026-01-01T00");
      assertThat(stateAt("2026-01-31T23:59:59Z")).contains("good at 2026-01-31T23:59:59Z");
      assertThat(stateAt("2026-02-01T00:00:00Z")).contains("account disabled since 2026-02-01T00");
      assertThat(stateAt("2026-03-01T00:00:00Z")).contains("revoked since 2026-03-01T00");
      sql("UPDATE accounts SET disabled_at = NULL");
      sql("UPDATE api_keys SET revoked_at = NULL, revoke_after = '2026-04-01Z'");
      assertThat(stateAt("2026-03-31T23:59:59Z")).contains("good");
      assertThat(stateAt("2026-04-01T00:00:00Z")).contains("grace period over since 2026-04-01T00");
      sql("UPDATE api_keys SET revoke_after = NULL");
      assertThat(stateAt("2026-05-01T00:00:00Z")).contains("expired since 2026-05-01T00");
    } finally {
      sql("UPDATE accounts SET disabled_at = NULL");
      sql("UPDATE api_keys SET revoked_at = NULL, revoke_after = NULL, expires_at = NULL");
    }
  }

  private String stateAt(String time) {
    explain("--key-id", id, "--url", "/any", "--at", time);
    return out;
  }

  @Test
  void answerForProgramsSaysTheSame() {
    assertThat(explain("--key-id", id, "--url", "/write", "--json")).isOne();
    JsonObject answer = new JsonObject(out);
    assertThat(answer.getBoolean("allowed")).isFalse();
    assertThat(answer.getInteger("status")).isEqualTo(403);
    JsonArray steps = answer.getJsonArray("steps");
    JsonObject last = steps.getJsonObject(steps.size() - 1);
    assertThat(last.getString("step")).isEqualTo("scope");
    assertThat(last.getBoolean("passed")).isFalse();
  }

  @Test
  void ownRoutesAndUnknownKeysAreTold() {
    assertThat(explain("--key-id", id, "--url", "/v1/whoami")).isZero();
    assertThat(out).contains("the gateway's own", "decides itself which keys");
    assertThat(explain("--key-id", "00000000-0000-0000-0000-000000000000", "--url", "/any"))
        .isOne();
    assertThat(out).contains("no key has this id", "Refused: 401.");
  }

  @Test
  void wrongUseEndsWithTwo() {
    assertThat(explain("--url", "/any")).isEqualTo(2);
    assertThat(explain("--key-id", id, "--url", "any")).isEqualTo(2);
    assertThat(explain("--key-id", id, "--url", "/any", "--address", "here")).isEqualTo(2);
    assertThat(explain("--key-id", id, "--url", "/any", "--at", "yesterday")).isEqualTo(2);
  }

  private int explain(String... arguments) {
    return explainToken("", arguments, List.of());
  }

  private int explainToken(String input, String... arguments) {
    return explainToken(input, arguments, List.of("--token-stdin"));
  }

  private int explainToken(String input, String[] arguments, List<String> more) {
    List<String> line = new ArrayList<>(List.of("explain"));
    line.addAll(List.of(arguments));
    line.addAll(more);
    Ran ran = run(input, line.toArray(String[]::new));
    out = ran.out;
    return ran.code;
  }

  private record Ran(int code, String out) {}

  private static Ran run(String input, String... arguments) {
    DatabaseAddress address = database.address();
    List<String> line = new ArrayList<>(List.of(arguments));
    line.add("-s=database.url=" + address.url());
    line.add("-s=database.user=" + address.user());
    line.add("-s=database.password=" + Objects.requireNonNull(address.password()).reveal());
    line.add("-s=secrets.master=" + MASTER);
    line.add("-s=proxy.routes=" + ROUTES);
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    int code =
        Main.run(
            line.toArray(String[]::new),
            new ByteArrayInputStream(input.getBytes(UTF_8)),
            new PrintWriter(out, true),
            new PrintWriter(err, true));
    return new Ran(code, out.toString());
  }

  private static void sql(String statement) throws SQLException {
    try (Connection connection = database.connect();
        Statement update = connection.createStatement()) {
      update.execute(statement);
    }
  }
}
