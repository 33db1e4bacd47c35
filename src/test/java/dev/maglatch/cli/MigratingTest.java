// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import dev.maglatch.Gateway;
import dev.maglatch.config.GatewayConfig;
import dev.maglatch.config.Mode;
import dev.maglatch.postgres.TestDatabase;
import dev.maglatch.settings.Settings;
import io.vertx.core.Future;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.StringWriter;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.sql.Connection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.postgresql.PGConnection;

/**
 * The pages for teams that come from tables of their own do what they say: their SQL is taken from
 * them and run, on tables made by it, up to a key that the gateway lets in and back again.
 */
class MigratingTest {
  private static final Path PAGES = Path.of("src/docs/migrating");
  private static final Pattern BLOCK =
      Pattern.compile("```sql\n-- ([a-z-]+)\\.sql\n(.*?)\n```", Pattern.DOTALL);
  private static final String MASTER = Base64.getEncoder().encodeToString(new byte[32]);
  private static final String USED = "2026-02-18 10:05:06.609+00";
  private static final UUID LIVE = UUID.randomUUID();
  private static final UUID ENDED = UUID.randomUUID();
  private static final int LET_IN = 502; // it came as far as an upstream that is not there

  private final TestDatabase yours = TestDatabase.createEmpty();
  private final TestDatabase database = TestDatabase.create();
  private final HttpClient client =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private final Map<String, String> sql = new HashMap<>();
  private final List<Gateway> gateways = new ArrayList<>();
  @TempDir private Path folder;
  private String out = "";
  private String err = "";

  @AfterEach
  void stop() {
    gateways.forEach(gateway -> await(gateway.stop()));
    database.close();
    yours.close();
  }

  @Test
  void magpipe() throws Exception {
    take("magpipe.md");
    String live = "mgp_" + "a1".repeat(20);
    String ended = "mgp_" + "b2".repeat(20);
    UUID user = UUID.randomUUID();
    yours.execute("INSERT INTO users VALUES ('" + user + "', 'Ann@example.com')");
    String row = "INSERT INTO keys VALUES ('%s', '%s', 'my, \"key\"', '%s', '%s', %s, '%s', '%s')";
    yours.execute(row.formatted(LIVE, user, live.substring(0, 8), sha256(live), true, USED, USED));
    yours.execute(
        row.formatted(ENDED, user, ended.substring(0, 8), sha256(ended), false, USED, USED));

    makeAccounts("addresses");
    moveKeys();

    JsonArray listed = keysOf("ann@example.com");
    assertThat(listed).hasSize(1);
    assertMoved(listed.getJsonObject(0), live.substring(0, 8), "my, \"key\"");
    Gateway gateway = gateway();
    assertThat(status(gateway, "/orders", live)).isEqualTo(LET_IN);
    assertThat(status(gateway, "/orders", ended)).isEqualTo(401);
    rollBack();
    assertThat(yours.count("SELECT count(*) FROM keys WHERE is_active")).isZero();
  }

  @Test
  void magicPost() throws Exception {
    take("magicpost.md");
    String live = "mp_" + "A".repeat(43);
    String ended = "mp_" + "E".repeat(43);
    yours.execute("INSERT INTO users VALUES ('recABCDEFGHIJ0123', 'Ann@example.com')");
    String row =
        "INSERT INTO keys VALUES ('%s', 'recABCDEFGHIJ0123', %s, '%s', '%s', '%s', '%s', %s)";
    yours.execute(
        row.formatted(LIVE, "'mine'", live.substring(0, 9), sha256(live), USED, USED, "NULL"));
    yours.execute(
        row.formatted(ENDED, "NULL", ended.substring(0, 9), sha256(ended), USED, USED, "now()"));

    makeAccounts("addresses");
    pipe(yours, "record-ids", database);
    moveKeys();

    JsonArray listed = keysOf("ann@example.com");
    assertThat(listed).hasSize(2);
    assertMoved(key(listed, LIVE), live.substring(0, 9), "mine");
    assertThat(key(listed, ENDED).getBoolean("active")).isFalse();
    Gateway gateway = gateway();
    HttpResponse<String> verified = get(gateway, "/api/v1/auth/verify", live);
    assertThat(verified.statusCode()).isEqualTo(200);
    assertThat(new JsonObject(verified.body()).getString("user_record_id"))
        .isEqualTo("recABCDEFGHIJ0123");
    assertThat(status(gateway, "/api/v1/auth/verify", ended)).isEqualTo(401);
    rollBack();
    assertThat(yours.count("SELECT count(*) FROM keys WHERE revoked_at IS NULL")).isZero();
  }

  @Test
  void organization() throws Exception {
    take("organization.md");
    String live = "mgp_" + "c3".repeat(20);
    String expired = "mgp_" + "d4".repeat(20);
    String robots = "mgp_" + "e5".repeat(20);
    UUID home = UUID.randomUUID();
    UUID owner = UUID.randomUUID();
    UUID member = UUID.randomUUID();
    yours.execute("INSERT INTO organizations VALUES ('" + home + "', 'Ann''s')");
    String user = "INSERT INTO users VALUES ('%s', '%s', '%s', %s)";
    yours.execute(user.formatted(owner, "Ann@example.com", home, true));
    yours.execute(user.formatted(member, "bob@example.com", home, false));
    String row =
        "INSERT INTO keys VALUES ('%s', '%s', '%s', %s, 'n', 'two\nlines', '%s', '%s',"
            + " 'read-write', '%s', '%s', '%s', NULL)";
    yours.execute(
        row.formatted(
            LIVE, home, owner, "NULL", prefix(live), sha256(live), "2999-01-01", USED, USED));
    yours.execute(
        row.formatted(
            ENDED, home, member, "NULL", prefix(expired), sha256(expired), USED, USED, USED));
    yours.execute(
        row.formatted(
            UUID.randomUUID(),
            home,
            owner,
            "'" + UUID.randomUUID() + "'",
            prefix(robots),
            sha256(robots),
            "2999-01-01",
            USED,
            USED));

    pipe(yours, "organizations", database);
    makeAccounts("accounts");
    moveKeys();

    assertMoved(keysOf("ann@example.com").getJsonObject(0), prefix(live), "n");
    assertThat(keysOf("bob@example.com").getJsonObject(0).getBoolean("active")).isFalse();
    assertThat(database.count("SELECT count(*) FROM accounts WHERE role = 'member'")).isEqualTo(1);
    Gateway gateway = gateway();
    HttpResponse<String> who = get(gateway, "/v1/whoami", live);
    assertThat(who.statusCode()).isEqualTo(200);
    JsonObject data = new JsonObject(who.body()).getJsonObject("data");
    assertThat(data.getString("organizationId")).isEqualTo(home.toString());
    assertThat(data.getString("scope")).isEqualTo("read-write");
    assertThat(status(gateway, "/v1/whoami", expired)).isEqualTo(401);
    assertThat(status(gateway, "/v1/whoami", robots)).isEqualTo(401);
    rollBack();
    assertThat(yours.count("SELECT count(*) FROM keys WHERE revoked_at IS NOT NULL")).isEqualTo(1);
  }

  /** Reads the queries of a page, and makes the tables that it was written for. */
  private void take(String page) throws IOException {
    Matcher block = BLOCK.matcher(Files.readString(PAGES.resolve(page)));
    while (block.find()) {
      sql.put(block.group(1), block.group(2));
    }
    yours.execute(sql("tables"));
  }

  private String sql(String name) {
    return requireNonNull(sql.get(name), name);
  }

  private void makeAccounts(String query) throws Exception {
    for (String line : lines(yours, query)) {
      List<String> cells = List.of(line.split("\t", -1));
      List<String> command = new ArrayList<>(List.of("account", "create", "--email", cells.get(0)));
      if (cells.size() > 1) {
        command.addAll(List.of("--organization", cells.get(1), "--role", cells.get(2)));
      }
      assertThat(run(command.toArray(String[]::new))).as(err).isZero();
    }
  }

  private void moveKeys() throws Exception {
    Path file =
        Files.writeString(
            folder.resolve("keys.csv"), copied(yours, "export", "FORMAT csv, HEADER"), UTF_8);
    assertThat(run("key", "import", file.toString())).as(err).isZero();
    assertThat(lines(yours, "compare-yours"))
        .isNotEmpty()
        .isEqualTo(lines(database, "compare-gateway"));
  }

  private JsonArray keysOf(String address) {
    assertThat(run("key", "list", "--account", address, "--json")).as(err).isZero();
    return new JsonArray(out);
  }

  private static JsonObject key(JsonArray listed, UUID id) {
    return listed.stream()
        .map(JsonObject.class::cast)
        .filter(key -> key.getString("id").equals(id.toString()))
        .findFirst()
        .orElseThrow();
  }

  private static void assertMoved(JsonObject key, String prefix, String name) {
    assertThat(key.getString("id")).isEqualTo(LIVE.toString());
    assertThat(key.getString("prefix")).isEqualTo(prefix);
    assertThat(key.getString("name")).isEqualTo(name);
    assertThat(key.getBoolean("active")).isTrue();
    assertThat(key.getString("created_at")).startsWith("2026-02-18T10:05:06");
    assertThat(key.getString("last_used_at")).startsWith("2026-02-18T10:05:06");
  }

  /** What was revoked in the gateway is revoked in the old table too. */
  private void rollBack() throws Exception {
    assertThat(run("key", "revoke", LIVE.toString())).as(err).isZero();
    pipe(database, "revoked", yours);
  }

  /** Runs what a query of the page makes, as psql does with another one's output. */
  private void pipe(TestDatabase from, String query, TestDatabase to) throws Exception {
    List<String> statements = lines(from, query);
    assertThat(statements).isNotEmpty();
    statements.forEach(to::execute);
  }

  private List<String> lines(TestDatabase from, String query) throws Exception {
    return copied(from, query, "FORMAT text").lines().toList();
  }

  /** Returns what a query of the page finds, as psql prints it. */
  private String copied(TestDatabase from, String query, String format) throws Exception {
    String select = sql(query).replaceFirst(";\\s*$", "");
    try (Connection connection = from.connect()) {
      StringWriter found = new StringWriter();
      connection
          .unwrap(PGConnection.class)
          .getCopyAPI()
          .copyOut("COPY (" + select + ") TO STDOUT WITH (" + format + ")", found);
      return found.toString();
    }
  }

  private static String prefix(String token) {
    return token.substring(0, 8);
  }

  private static String sha256(String token) throws Exception {
    return HexFormat.of()
        .formatHex(MessageDigest.getInstance("SHA-256").digest(token.getBytes(UTF_8)));
  }

  private Map<String, String> settings() {
    return Ran.settings(database.address(), MASTER, folder);
  }

  private int run(String... arguments) {
    Ran ran = Ran.with(settings(), arguments);
    out = ran.out();
    err = ran.err();
    return ran.code();
  }

  private Gateway gateway() {
    Map<String, String> settings = settings();
    settings.put("http.host", "127.0.0.1");
    settings.put("http.port", "0");
    settings.put("http.drain-delay", "0s");
    settings.put("ops.host", "127.0.0.1");
    settings.put("ops.port", "0");
    settings.put("warm-up", "0s");
    settings.put("proxy.upstream", "http://127.0.0.1:1");
    settings.put("tokens.accept-unchecked", "true");
    Settings read = Settings.load(null, Map.of(), settings);
    Gateway gateway = new Gateway(GatewayConfig.read(read, Mode.SERVE), "test");
    assertThat(read.problems().isEmpty()).as(read.problems().toString()).isTrue();
    gateways.add(gateway);
    return await(gateway.start());
  }

  private int status(Gateway gateway, String path, String token) throws Exception {
    return get(gateway, path, token).statusCode();
  }

  private HttpResponse<String> get(Gateway gateway, String path, String token) throws Exception {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + gateway.httpPort() + path))
            .timeout(Duration.ofSeconds(30))
            .header("Authorization", "Bearer " + token)
            .build();
    return client.send(request, BodyHandlers.ofString());
  }

  private static <T> T await(Future<T> future) {
    return future.toCompletionStage().toCompletableFuture().orTimeout(30, TimeUnit.SECONDS).join();
  }
}
