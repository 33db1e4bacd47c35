// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.maglatch.postgres.DatabaseAddress;
import dev.maglatch.postgres.TestDatabase;
import dev.maglatch.secret.Secret;
import dev.maglatch.session.PasswordHash;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code account} and {@code key} on a real database, without a gateway. */
class AccountAndKeyCommandsTest {
  private static final TestDatabase database = TestDatabase.create();
  private static final String MASTER = Base64.getEncoder().encodeToString(new byte[32]);

  @TempDir Path folder;

  private String out = "";
  private String err = "";
  private String input = "";

  @AfterAll
  static void stop() {
    database.close();
  }

  @Test
  void accountIsMadeListedAndPrintedForScripts() {
    String email = email();

    JsonObject made =
        json("account", "create", "--email", email.toUpperCase(Locale.ROOT), "--json");

    assertThat(made.fieldNames())
        .containsExactlyInAnyOrder("id", "email", "user_record_id", "organization_id");
    assertThat(made.getString("email")).isEqualTo(email);
    assertThat(made.getString("user_record_id")).matches("rec[0-9A-Za-z]{14}");
    assertThat(UUID.fromString(made.getString("id"))).isNotNull();
    assertThat(run("account", "list", "--json")).isZero();
    assertThat(new JsonArray(out).stream().map(each -> ((JsonObject) each).getString("email")))
        .contains(email);
    assertThat(run("account", "list")).isZero();
    assertThat(out).startsWith("EMAIL ").contains(email);
  }

  @Test
  void passwordComesFromStandardInputAlone() throws SQLException {
    String email = email();
    input = "correct horse\n";
    assertThat(run("account", "create", "--email", email, "--password-stdin")).isZero();
    assertThat(matches(email, "correct horse")).isTrue();
    assertThat(out).doesNotContain("correct horse");

    input = "battery staple\r\n";
    assertThat(run("account", "passwd", "--email", email, "--password-stdin")).isZero();

    assertThat(matches(email, "battery staple")).isTrue();
    assertThat(run("account", "passwd", "--email", email)).isEqualTo(2);
    assertThat(run("account", "passwd", "--email", "no-" + email, "--password-stdin")).isEqualTo(1);
    assertThat(err).hasLineCount(1).contains("no account has the e-mail address");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "\n", "short", "two\nlines of it", "seven77"})
  void badPasswordIsWrongUse(String password) {
    input = password;
    assertThat(run("account", "create", "--email", email(), "--password-stdin")).isEqualTo(2);
    assertThat(err).contains("password");
  }

  @Test
  void memberJoinsANamedOrganization() {
    String organization =
        json("account", "create", "--email", email(), "--json").getString("organization_id");
    String member = email();

    JsonObject made =
        json(
            "account",
            "create",
            "--email",
            member,
            "--organization",
            organization,
            "--role",
            "member",
            "--json");

    assertThat(made.getString("organization_id")).isEqualTo(organization);
    assertThat(rows("SELECT role FROM accounts WHERE email = '" + member + "'"))
        .containsExactly("member");
    assertThat(run("account", "create", "--email", email(), "--role", "member")).isEqualTo(2);
    assertThat(run("account", "create", "--email", email(), "--role", "boss")).isEqualTo(2);
    assertThat(err).contains("expected: owner or member");
    assertThat(
            run(
                "account",
                "create",
                "--email",
                email(),
                "--organization",
                UUID.randomUUID().toString()))
        .isEqualTo(1);
  }

  @Test
  void accountsMistakesAreToldApart() {
    String email = account();

    assertThat(run("account", "create", "--email", email)).isEqualTo(1);
    assertThat(err).hasLineCount(1).contains("there is an account of " + email);
    assertThat(run("account", "create", "--email", "nobody")).isEqualTo(2);
    assertThat(run("account", "create")).isEqualTo(2);
    assertThat(run("account")).isEqualTo(2);
    assertThat(run("key")).isEqualTo(2);
  }

  @Test
  void keysOfEveryKindAreMadeListedAndRevoked() {
    String email = account();

    JsonObject mgp = key(email, "mgp");
    JsonObject mp = key(email, "mp");
    JsonObject org =
        json(
            "key",
            "create",
            "--account",
            email,
            "--kind",
            "org",
            "--name",
            "n",
            "--scope",
            "read-write",
            "--json");

    assertThat(mgp.fieldNames()).containsExactlyInAnyOrder("id", "token", "prefix", "kind");
    assertThat(mgp.getString("token")).matches("mgp_[0-9a-f]{40}");
    assertThat(mgp.getString("prefix")).isEqualTo(mgp.getString("token").substring(0, 8));
    assertThat(mp.getString("token")).matches("mp_[A-Za-z0-9_-]{43}");
    assertThat(org.getString("kind")).isEqualTo("org");

    assertThat(run("key", "revoke", mgp.getString("id"))).isZero();
    assertThat(out).contains("Revoked key " + mgp.getString("id") + " (confirmed=");
    assertThat(run("key", "revoke", mgp.getString("id"))).isEqualTo(1);
    assertThat(err).contains("was revoked already");
    input = mp.getString("token") + "\n";
    assertThat(run("key", "revoke", "--token-stdin")).isZero();

    assertThat(run("key", "list", "--account", email, "--json")).isZero();
    assertThat(
            new JsonArray(out)
                .stream()
                    .map(JsonObject.class::cast)
                    .map(key -> key.getString("kind") + " " + key.getBoolean("active")))
        .containsExactly("org true", "mp false", "mgp false");
    assertThat(out).doesNotContain(org.getString("token"));
    assertThat(run("key", "list", "--account", email)).isZero();
    assertThat(out).contains("KIND").contains("revoked").contains("active");
    database.execute("UPDATE accounts SET disabled_at = now() WHERE email = '" + email + "'");
    assertThat(run("key", "list", "--account", email)).isZero();
    assertThat(out).contains("disabled").doesNotContain("active");
  }

  @Test
  void keysMistakesAreToldApart() {
    String email = account();

    assertThat(run("key", "create", "--account", email, "--kind", "mgp")).isEqualTo(2);
    assertThat(run("key", "create", "--account", email, "--kind", "x", "--name", "n")).isEqualTo(2);
    assertThat(err).contains("expected: mgp, mp or org");
    assertThat(run("key", "create", "--account", email, "--kind", "mp", "--scope", "read"))
        .isEqualTo(2);
    assertThat(
            run(
                "key",
                "create",
                "--account",
                email,
                "--kind",
                "org",
                "--name",
                "n",
                "--scope",
                "all"))
        .isEqualTo(2);
    assertThat(run("key", "create", "--account", "no-" + email, "--kind", "mp")).isEqualTo(1);
    assertThat(run("key", "revoke")).isEqualTo(2);
    assertThat(run("key", "revoke", "not-an-id")).isEqualTo(2);
    assertThat(run("key", "revoke", UUID.randomUUID().toString())).isEqualTo(1);
    input = "mgp_" + "0".repeat(40);
    assertThat(run("key", "revoke", "--token-stdin")).isEqualTo(1);
    assertThat(out + err).doesNotContain(input);
    for (int i = 0; i < 10; i++) {
      key(email, "mp");
    }
    assertThat(run("key", "create", "--account", email, "--kind", "mp")).isEqualTo(1);
    assertThat(err).hasLineCount(1).contains("10 active keys of kind mp");
  }

  /** A script has the id of the account it made, and need not ask for the rest later. */
  @Test
  void keyIsMadeWithEverythingThatItsKindCanHave() throws SQLException {
    JsonObject holder = json("account", "create", "--email", email(), "--json");
    String id = holder.getString("id");
    String robot = UUID.randomUUID().toString();
    database.execute(
        "INSERT INTO service_accounts (id, organization_id, name, created_by) VALUES ('%s', '%s',"
                .formatted(robot, holder.getString("organization_id"))
            + " 'r', '"
            + id
            + "')");
    String[] org = {"key", "create", "--account", id, "--kind=org", "--name=n"};

    assertThat(
            run(
                with(
                    org,
                    "--description=for tests",
                    "--expires=2999-01-31T00:00:00Z",
                    "--service-account=" + robot)))
        .as(err)
        .isZero();

    assertThat(
            rows(
                "SELECT description, expires_at = '2999-01-31Z', user_id, created_by"
                    + " FROM api_keys WHERE service_account_id = '"
                    + robot
                    + "'"))
        .containsExactly("for tests|t|null|" + id);
    assertThat(run(with(org, "--expires=2001-01-31T00:00:00Z"))).isEqualTo(2);
    assertThat(run(with(org, "--expires=tomorrow"))).isEqualTo(2);
    assertThat(err).contains("expected: a time to come");
    assertThat(run(with(org, "--description=" + "d".repeat(1025)))).isEqualTo(2);
    assertThat(run(with(org, "--service-account=" + UUID.randomUUID()))).isEqualTo(1);
    assertThat(err).hasLineCount(1).contains("has no active service account");
    String[] magpipe = {"key", "create", "--account", id, "--kind=mgp", "--name=n"};
    assertThat(run(with(magpipe, "--expires=2999-01-31T00:00:00Z"))).isEqualTo(2);
    assertThat(run(with(magpipe, "--service-account=" + robot))).isEqualTo(2);
    assertThat(run("key", "list", "--account", UUID.randomUUID().toString())).isEqualTo(1);
    assertThat(err).hasLineCount(1).contains("no account has the id");
  }

  /** The secret is shown with the token, and the events of the account go to the URL. */
  @Test
  void keyIsMadeWithAWebhook() throws SQLException {
    String email = account();
    String[] magpipe = {"key", "create", "--account", email, "--kind=mgp", "--name=n"};
    JsonObject key = json(with(magpipe, "--webhook-url=https://hooks.example.com/in", "--json"));

    assertThat(key.fieldNames())
        .containsExactlyInAnyOrder("id", "token", "prefix", "kind", "webhook_secret");
    assertThat(key.getString("webhook_secret")).matches("whsec_[0-9a-f]{64}");
    assertThat(
            rows(
                "SELECT webhook_url, webhook_secret IS NOT NULL FROM api_keys WHERE id = '"
                    + key.getString("id")
                    + "'"))
        .containsExactly("https://hooks.example.com/in|t");
    assertThat(run(with(magpipe, "--webhook-url=https://hooks.example.com/in"))).isZero();
    assertThat(out).containsPattern("\nwhsec_[0-9a-f]{64}\n");
    for (String url : List.of("http://hooks.example.com/", "https://127.0.0.1/", "x", "")) {
      assertThat(run(with(magpipe, "--webhook-url=" + url))).as(url).isEqualTo(2);
      assertThat(err).contains("--webhook-url: " + url + " (expected: an https URL of a public");
    }
    assertThat(
            run(
                "key",
                "create",
                "--account",
                email,
                "--kind=mp",
                "--webhook-url=https://a.example"))
        .isEqualTo(2);
    assertThat(err).contains("--webhook-url is for keys of kind mgp only");
  }

  private static String[] with(String[] words, String... more) {
    List<String> all = new ArrayList<>(List.of(words));
    all.addAll(List.of(more));
    return all.toArray(String[]::new);
  }

  @Test
  void everyKeyIsExported() {
    String email = account();
    JsonObject made = key(email, "mgp");

    assertThat(run("key", "export")).isZero();

    assertThat(out)
        .startsWith("id,account_email,kind,name,prefix,scope,created_at,")
        .contains(
            made.getString("id")
                + ","
                + email
                + ",mgp,\"name, quoted\","
                + made.getString("prefix"))
        .doesNotContain(made.getString("token"));
  }

  @Test
  void oneColumnMayHoldHashesAndTokens() throws Exception {
    String email = account();
    Path file =
        file(
            "account_email,kind,name,sha256|token,created_at,last_used_at,scope,expires_at",
            email + ",mgp,plain,mgp_" + "c3".repeat(20) + ",,,,",
            email + ",mgp,hashed," + "d4".repeat(32) + ",,,,");

    assertThat(run("key", "import", file.toString())).as(err).isZero();

    assertThat(out).contains("Imported 2 keys.");
  }

  @Test
  void keysOfAnotherSystemAreTakenOverAtOnce() throws Exception {
    String email = account();
    String known = "mgp_" + "a1".repeat(20);
    String sha256 =
        HexFormat.of()
            .formatHex(MessageDigest.getInstance("SHA-256").digest("unknown".getBytes(UTF_8)));
    Path file =
        file(
            "account_email,kind,name,sha256,token,created_at,last_used_at,scope,expires_at",
            email
                + ",mgp,\"one, quoted\",,"
                + known
                + ",2025-01-02T03:04:05Z,2025-02-03T04:05:06Z,,",
            "",
            email + ",org,two," + sha256 + ",,,,read-write,2999-01-01T00:00:00Z",
            email + ",mp,," + "b".repeat(64) + ",,,,,");
    long changes = database.count("SELECT coalesce(max(number), 0) FROM changes");

    assertThat(run("key", "import", file.toString())).as(err).isZero();

    assertThat(out).contains("Imported 3 keys.");
    assertThat(
            rows(
                "SELECT kind, k.name, key_prefix, scope, k.created_at < '2025-01-03' AS old"
                    + " FROM api_keys k JOIN accounts a ON a.id = k.user_id"
                    + " WHERE a.email = '"
                    + email
                    + "' ORDER BY kind"))
        .containsExactly(
            "mgp|one, quoted|mgp_a1a1|null|t", "mp|null|mp_|null|f", "org|two|mgp_|read-write|f");
    assertThat(database.count("SELECT count(*) FROM key_usage WHERE last_used_at < '2025-02-04'"))
        .isEqualTo(1);
    assertThat(rows("SELECT entity, operation FROM changes WHERE number > " + changes))
        .containsExactly("all|flush");
    assertThat(database.count("SELECT count(*) FROM audit WHERE action = 'api_key.imported'"))
        .isEqualTo(1);
    input = known;
    assertThat(run("key", "revoke", "--token-stdin")).isZero();
    assertThat(run("key", "import", file.toString())).isEqualTo(1);
    assertThat(err).contains(file + ":2: this key is in the database already");
  }

  @Test
  void badRowsAreReportedByLineAndNothingIsImported() throws IOException {
    String email = account();
    String good = "mgp_" + "c3".repeat(20);
    Path file =
        file(
            "account_email,kind,name,token,created_at,scope,expires_at",
            email + ",mgp,good," + good + ",,,",
            email + ",mgp,again," + good + ",,,",
            email + ",mgp,," + "mgp_" + "d4".repeat(20) + ",,,",
            email + ",xyz,n,x,,,",
            email + ",mgp,n,mgp_short,,,",
            email + ",mgp,n," + "mgp_" + "e5".repeat(20) + ",yesterday,,",
            email + ",mgp,n," + "mgp_" + "e6".repeat(20) + ",,read,",
            email + ",mgp,n",
            "stranger@example.com,mgp,n,mgp_" + "e7".repeat(20) + ",,,");

    assertThat(run("key", "import", file.toString())).isEqualTo(1);

    assertThat(err)
        .contains(":3: the same key as in line 2")
        .contains(":4: name is missing")
        .contains(":5: kind: xyz (expected: mgp, mp or org)")
        .contains(":6: token is not written as tokens of kind mgp are")
        .contains(":7: created_at: yesterday (expected: a time such as")
        .contains(":8: scope is for keys of kind org only")
        .contains(":9: 3 cells (expected: 7)")
        .contains(":10: account_email: no usable account stranger@example.com")
        .contains("nothing was imported")
        .doesNotContain("mgp_short");
    Path unknown =
        file(
            "account_email,kind,name,token",
            "nobody@example.com,mgp,n," + good,
            email + ",mgp,n,mgp_" + "f7".repeat(20));
    assertThat(run("key", "import", unknown.toString())).isEqualTo(1);
    assertThat(err).contains(":2: account_email: no usable account nobody@example.com");
    assertThat(
            rows(
                "SELECT k.id FROM api_keys k JOIN accounts a ON a.id = k.user_id"
                    + " WHERE a.email = '"
                    + email
                    + "'"))
        .isEmpty();
    assertThat(run("key", "import", folder.resolve("none.csv").toString())).isEqualTo(1);
    assertThat(err).hasLineCount(1).contains("no such file");
    assertThat(run("key", "import", file("kind,colour", "mgp,red").toString())).isEqualTo(1);
    assertThat(err).contains(":1: unknown column colour").contains("a column sha256 or token");
  }

  @Test
  void secretsOfAnotherGatewayAreRefused() {
    account();
    byte[] other = new byte[32];
    Arrays.fill(other, (byte) 7);

    assertThat(runWith(Base64.getEncoder().encodeToString(other), "account", "list")).isEqualTo(1);

    assertThat(err).hasLineCount(1).contains("this database was made with other secrets");
  }

  @Test
  void missingSecretsAndDatabaseAreWrongSettings() {
    assertThat(runWith(null, "account", "list")).isEqualTo(2);
    assertThat(err).contains("secrets.master: missing");
    StringWriter errors = new StringWriter();
    int code =
        Main.run(
            new String[] {"key", "export", "-s=data-dir=" + folder, "-s=secrets.master=" + MASTER},
            new ByteArrayInputStream(new byte[0]),
            new PrintWriter(new StringWriter(), true),
            new PrintWriter(errors, true));
    assertThat(code).isEqualTo(2);
    assertThat(errors.toString()).contains("database.url: missing");
  }

  @Test
  void unreachableDatabaseIsOneLine() {
    StringWriter errors = new StringWriter();
    int code =
        Main.run(
            new String[] {
              "account",
              "list",
              "-s=database.url=postgresql://nobody:hush@127.0.0.1:1/none",
              "-s=secrets.master=" + MASTER
            },
            new ByteArrayInputStream(new byte[0]),
            new PrintWriter(new StringWriter(), true),
            new PrintWriter(errors, true));
    assertThat(code).isEqualTo(1);
    assertThat(errors.toString())
        .hasLineCount(1)
        .contains("cannot use the database at postgresql://127.0.0.1:1/none")
        .doesNotContain("hush");
  }

  /** Beside a running dev nothing has to be set: its data-dir says how to reach its database. */
  @Test
  void databaseAndSecretsOfARunningDevAreFound() throws IOException {
    DatabaseAddress address = database.address();
    String url =
        address
            .url()
            .replace(
                "//",
                "//"
                    + address.user()
                    + ":"
                    + Objects.requireNonNull(address.password()).reveal()
                    + "@");
    Files.writeString(folder.resolve("database-url"), url + "\n");
    Files.writeString(folder.resolve("dev-secrets"), MASTER + "\n");
    StringWriter answer = new StringWriter();

    int code =
        Main.run(
            new String[] {"account", "list", "--json", "-s=data-dir=" + folder},
            new ByteArrayInputStream(new byte[0]),
            new PrintWriter(answer, true),
            new PrintWriter(answer, true));

    assertThat(code).as(answer.toString()).isZero();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "account create",
        "account list",
        "account passwd",
        "key create",
        "key list",
        "key revoke",
        "key export",
        "key import",
        "secrets status",
        "secrets retire"
      })
  void everyCommandExplainsItself(String command) {
    String[] words = (command + " --help").split(" ");
    assertThat(run(words)).isZero();
    assertThat(out).contains("Usage: maglatch " + command);
  }

  private String account() {
    String email = email();
    assertThat(run("account", "create", "--email", email)).as(err).isZero();
    return email;
  }

  private static String email() {
    return "user-" + UUID.randomUUID() + "@example.com";
  }

  private JsonObject key(String email, String kind) {
    return json(
        "key", "create", "--account", email, "--kind", kind, "--name", "name, quoted", "--json");
  }

  private Path file(String... lines) throws IOException {
    return Files.writeString(
        folder.resolve(UUID.randomUUID() + ".csv"), String.join("\n", lines) + "\n");
  }

  private static boolean matches(String email, String password) throws SQLException {
    String stored = rows("SELECT password_hash FROM accounts WHERE email = '" + email + "'").get(0);
    return PasswordHash.matches(new Secret(password), stored);
  }

  private static List<String> rows(String sql) {
    try (Connection connection = database.connect();
        ResultSet found = connection.createStatement().executeQuery(sql)) {
      List<String> rows = new ArrayList<>();
      while (found.next()) {
        List<String> cells = new ArrayList<>();
        for (int i = 1; i <= found.getMetaData().getColumnCount(); i++) {
          cells.add(String.valueOf(found.getString(i)));
        }
        rows.add(String.join("|", cells));
      }
      return rows;
    } catch (SQLException failed) {
      throw new AssertionError(failed);
    }
  }

  private JsonObject json(String... arguments) {
    assertThat(run(arguments)).as(err).isZero();
    assertThat(out).hasLineCount(1);
    return new JsonObject(out);
  }

  private int run(String... arguments) {
    return runWith(MASTER, arguments);
  }

  private int runWith(@Nullable String master, String... arguments) {
    List<String> all = new ArrayList<>(List.of(arguments));
    if (arguments.length > 1) {
      DatabaseAddress address = database.address();
      all.add("-s=database.url=" + address.url());
      all.add("-s=database.user=" + address.user());
      all.add("-s=database.password=" + Objects.requireNonNull(address.password()).reveal());
      all.add("-s=data-dir=" + folder);
      if (master != null) {
        all.add("-s=secrets.master=" + master);
      }
    }
    StringWriter answer = new StringWriter();
    StringWriter errors = new StringWriter();
    int code =
        Main.run(
            all.toArray(String[]::new),
            new ByteArrayInputStream(input.getBytes(UTF_8)),
            new PrintWriter(answer, true),
            new PrintWriter(errors, true));
    out = answer.toString();
    err = errors.toString();
    return code;
  }
}
