// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.maglatch.postgres.DatabaseAddress;
import dev.maglatch.postgres.TestDatabase;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class MainTest {
  private static final String SECRET =
      "secrets.master=" + Base64.getEncoder().encodeToString(new byte[32]);
  private static final String URL = "database.url=postgresql://nobody:hush@127.0.0.1:1/none";

  @TempDir Path folder;

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @ParameterizedTest
  @ValueSource(strings = {"serve", "dev", "migrate", "check", "account", "key", "try", "version"})
  void everyCommandExplainsItself(String command) {
    assertThat(run(command, "--help")).isZero();
    assertThat(out.toString()).contains("Usage: maglatch " + command);
  }

  @Test
  void helpNamesEveryCommandAndTheExitCodes() {
    assertThat(run("--help")).isZero();
    assertThat(out.toString())
        .contains("serve", "dev", "migrate", "check", "version")
        .contains("0 done, 1 failed, 2 wrong use");
  }

  @Test
  void versionIsThatOfTheBuild() {
    assertThat(run("version")).isZero();
    assertThat(out.toString()).matches("maglatch \\d+\\.\\d+\\.\\S+ \\(schema \\d+, Java .*\\)\\R");
  }

  @Test
  void wrongUseEndsWithTwoAndShowsHowItIsRight() {
    assertThat(run()).isEqualTo(2);
    assertThat(run("sevre")).isEqualTo(2);
    assertThat(run("check", "--nonsense")).isEqualTo(2);
    assertThat(err.toString()).contains("Usage: maglatch").contains("serve");
  }

  @Test
  void goodSettingsPassTheCheck() throws IOException {
    Path file = Files.writeString(folder.resolve("good.yaml"), "http: {port: 0}\n");

    assertThat(run("check", "--config", file.toString(), "-s", SECRET, "-s", URL)).isZero();
    assertThat(out.toString()).contains("Configuration is valid (" + file);
  }

  private static final String ROUTES =
      """
      proxy:
        upstreams:
          - name: two
            targets: [{url: "http://t1"}, {url: "http://t2:81/x"}]
            health-check: {path: /health, interval: 15s, status: 200-204}
        routes:
          - name: posts
            host: "*.example.com"
            path: /users/{id}/posts
            methods: [GET]
            scopes: [read]
            upstream: http://posts:3000
            rewrite: /v2/{id}
            request-headers: {set: ["X-Secret: hush"]}
          - {name: rest, path: /api, strip-prefix: /api, upstream: two, auth: none}
      """;

  @Test
  void effectiveRoutesAreShownWithoutSecrets() throws IOException {
    assertThat(check()).isZero();
    assertThat(out.toString())
        .containsPattern("posts +GET +\\*\\.example\\.com +/users/\\{id}/posts +required +read")
        .contains("path -> /v2/{id}; request headers x-secret")
        .containsPattern(
            "rest +\\* +\\* +/api/\\* +none +http://t1 http://t2:81/x +GET /health is 200-204"
                + " within 2000 ms, each 15000 ms, 3 times out, 2 times in +path /api -> /")
        .doesNotContain("hush");
    out.getBuffer().setLength(0);

    assertThat(check("--json")).isZero();
    JsonObject first = new JsonObject(out.toString()).getJsonArray("routes").getJsonObject(0);
    assertThat(first.getString("name")).isEqualTo("posts");
    assertThat(first.getString("host")).isEqualTo("*.example.com");
    assertThat(first.getString("path")).isEqualTo("/users/{id}/posts");
    assertThat(first.getJsonArray("methods")).containsExactly("GET");
    assertThat(first.getValue("health_check")).isNull();
    JsonObject second = new JsonObject(out.toString()).getJsonArray("routes").getJsonObject(1);
    assertThat(second.getJsonObject("health_check").getMap())
        .containsEntry("path", "/health")
        .containsEntry("interval_ms", 15_000)
        .containsEntry("timeout_ms", 2_000)
        .containsEntry("unhealthy", 3)
        .containsEntry("healthy", 2)
        .containsEntry("status", "200-204");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "GET  | http://a.example.com/users/7/posts?q | 0 | posts takes it; .* http://posts:3000/v2/7?q",
        "GET  | https://A.EXAMPLE.com:8443/users/7/posts | 0 | http://posts:3000/v2/7",
        "POST | http://a.example.com/users/7/posts | 1 | refused with 404",
        "GET  | /users/7/posts           | 1 | refused with 404",
        "GET  | /api/a%20b               | 0 | http://t1/a%20b or http://t2:81/x/a%20b",
        "GET  | /api/../users            | 1 | refused with 400",
        "GET  | /api%2f..%2fx            | 1 | refused with 400",
        "GET  | '/api/{x}'               | 1 | refused with 400",
        "TRACE | /api                    | 1 | refused with 405",
        "GET  | /v1/api-keys/x           | 0 | the gateway's own",
        "GET  | /_maglatch/x             | 0 | the gateway's own",
        "GET  | /v1/other                | 1 | refused with 404",
        "GET  | /metrics                 | 1 | refused with 404",
      })
  void routeOfARequestIsTold(String method, String url, int code, String told) throws IOException {
    assertThat(check("--method", method, "--url", url)).isEqualTo(code);
    assertThat(out.toString()).containsPattern(told.replace("?q", "\\?q"));
  }

  @Test
  void whatIsNoRequestIsWrongUse() throws IOException {
    assertThat(check("--url", "ftp://h/x")).isEqualTo(2);
    assertThat(check("--url", "http://h h/x")).isEqualTo(2);
    assertThat(check("--url", "/x", "--method", "G T")).isEqualTo(2);
  }

  private int check(String... more) throws IOException {
    Path file = Files.writeString(folder.resolve("routes.yaml"), ROUTES);
    List<String> line = new ArrayList<>(List.of("check", "--dev", "-c", file.toString()));
    line.addAll(List.of(more));
    return run(line.toArray(String[]::new));
  }

  @Test
  void allProblemsAreReportedAtOnceAndEndWithTwo() throws IOException {
    Path file = Files.writeString(folder.resolve("bad.yaml"), "http:\n  prot: 80\n  docs: 7\n");

    assertThat(run("check", "--config", file.toString(), "-s", SECRET)).isEqualTo(2);
    assertThat(err.toString())
        .startsWith("Configuration is invalid (3 problems):")
        .contains("http.docs: 7 (expected: true or false)  [" + file + ":3]")
        .contains("database.url: missing (expected: postgresql://")
        .contains("http.prot: unknown key; did you mean http.port?  [" + file + ":2]")
        .doesNotContain("\tat ");
  }

  @Test
  void nothingHasToBeSetForDev() {
    assertThat(run("check", "--dev")).isZero();
  }

  @Test
  void serveRefusesToStartWithoutDatabaseAndSecrets() {
    assertThat(run("serve")).isEqualTo(2);
    assertThat(err.toString())
        .contains("database.url: missing")
        .contains("secrets.master: missing");
  }

  @Test
  void missingFileIsNamed() {
    assertThat(run("check", "--dev", "-c", "/nowhere/x.yaml")).isEqualTo(2);
    assertThat(err.toString()).contains("/nowhere/x.yaml: no such file");
  }

  @Test
  void takenPortIsNamedInOneLine() throws IOException {
    try (ServerSocket taken = new ServerSocket(0)) {
      String port = "ops.port=" + taken.getLocalPort();

      assertThat(run("serve", "-s", SECRET, "-s", URL, "-s", "http.port=0", "-s", port))
          .isEqualTo(1);
      assertThat(err.toString())
          .hasLineCount(1)
          .contains("cannot listen on 0.0.0.0:" + taken.getLocalPort())
          .contains("set ops.port to another one");
    }
  }

  @Test
  void unreachableDatabaseFailsMigrateInOneLineWithoutPassword() {
    assertThat(run("migrate", "-s", URL)).isEqualTo(1);
    assertThat(err.toString())
        .hasLineCount(1)
        .contains("cannot connect to postgresql://127.0.0.1:1/none")
        .contains("Check database.url")
        .doesNotContain("hush");
  }

  @Test
  void migrateBringsTheSchemaUpToDateOnce() {
    try (TestDatabase database = TestDatabase.createEmpty()) {
      DatabaseAddress address = database.address();
      String[] arguments = {
        "migrate",
        "-s=database.url=" + address.url(),
        "-s=database.user=" + address.user(),
        "-s=database.password=" + Objects.requireNonNull(address.password()).reveal()
      };

      assertThat(run(arguments)).isZero();
      assertThat(out.toString()).contains("migrations; the schema is at");
      assertThat(run(arguments)).isZero();
      assertThat(out.toString()).contains("The schema is up to date");
    }
  }

  private int run(String... arguments) {
    return Main.run(
        arguments,
        InputStream.nullInputStream(),
        new PrintWriter(out, true),
        new PrintWriter(err, true));
  }
}
