// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import dev.maglatch.Gateway;
import dev.maglatch.config.GatewayConfig;
import dev.maglatch.config.Mode;
import dev.maglatch.postgres.DatabaseAddress;
import dev.maglatch.postgres.TestDatabase;
import dev.maglatch.settings.Settings;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Keys that come from elsewhere, from the command line to a socket of a running gateway. */
class KeyMoveTest {
  private static final String MASTER = master(1);
  private static final String OTHER = master(2);
  private static final String EMAIL = "a@example.com";

  private final TestDatabase database = TestDatabase.create();
  private final TestDatabase second = TestDatabase.create();
  private final HttpClient client =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private final List<Gateway> gateways = new ArrayList<>();
  @TempDir private Path folder;
  private String out = "";
  private String err = "";

  @AfterEach
  void stop() {
    gateways.forEach(gateway -> await(gateway.stop()));
    second.close();
    database.close();
  }

  /** What is stored of a token is enough where the pepper is the same, and nowhere else. */
  @Test
  void exportedKeysWorkInAnotherDatabaseWithTheSameMaster() throws Exception {
    List<TestDatabase> both = List.of(database, second);
    both.forEach(each -> run(each, MASTER, "account", "create", "--email", EMAIL));
    JsonObject live = key("--kind=mgp", "--name=\"live\", here");
    JsonObject bound = key("--kind=org", "--name=bound", "--scope=read-write");
    JsonObject revoked = key("--kind=mp");
    database.execute(
        "UPDATE api_keys SET allowed_ips = '{192.0.2.0/24,2001:db8::/32}', rate_limit = 7,"
            + " rate_limit_window = 60, description = 'two\nlines', expires_at = '2999-01-01'"
            + " WHERE name = 'bound'");
    assertThat(run(database, MASTER, "key", "revoke", revoked.getString("id"))).isZero();

    Path file = export();
    assertThat(Files.readString(file)).doesNotContain(live.getString("token"));
    assertThat(run(second, MASTER, "key", "import", file.toString())).as(err).isZero();

    assertThat(export(second)).isEqualTo(Files.readString(file));
    Gateway gateway = gateway(second, MASTER, "");
    assertThat(status(gateway, live.getString("token"), "192.0.2.1")).isEqualTo(502);
    assertThat(status(gateway, bound.getString("token"), "192.0.2.1")).isEqualTo(502);
    assertThat(status(gateway, bound.getString("token"), "203.0.113.1")).isEqualTo(403);
    assertThat(status(gateway, revoked.getString("token"), "192.0.2.1")).isEqualTo(401);
    assertThat(run(second, MASTER, "key", "import", file.toString())).isEqualTo(1);
    assertThat(err).contains(":2: this key is in the database already");
  }

  @Test
  void exportIsOfNoUseWithoutItsPepper() throws Exception {
    run(database, MASTER, "account", "create", "--email", EMAIL);
    run(second, OTHER, "account", "create", "--email", EMAIL);
    key("--kind=mgp", "--name=n");
    Path file = export();

    assertThat(run(second, OTHER, "key", "import", file.toString())).isEqualTo(1);

    assertThat(err).contains(":2: hash was made with the pepper ").contains("secrets.master");
    assertThat(second.count("SELECT count(*) FROM api_keys")).isZero();
  }

  /** A service account is not made by an import, and a key without it would be somebody else's. */
  @Test
  void keysOfServiceAccountsAreLeftOutAndCounted() throws Exception {
    run(database, MASTER, "account", "create", "--email", EMAIL);
    key("--kind=org", "--name=robot");
    database.execute(
        "WITH s AS (INSERT INTO service_accounts (organization_id, name, created_by)"
            + " SELECT organization_id, 'r', id FROM accounts RETURNING id)"
            + " UPDATE api_keys SET user_id = NULL, service_account_id = s.id FROM s");

    String text = export(database);

    assertThat(text).hasLineCount(1);
    assertThat(err).contains("left out 1 keys of service accounts");
  }

  /** Somebody may have tried it already: what was remembered of that goes with the import. */
  @Test
  void keyTriedBeforeItsImportWorksAtOnceAfterIt() throws Exception {
    run(database, MASTER, "account", "create", "--email", EMAIL);
    Gateway gateway = gateway(database, MASTER, "true");
    String known = "mgp_" + "a1".repeat(20);
    String hashed = "mp_" + "A".repeat(43);
    assertThat(status(gateway, known, "192.0.2.1")).isEqualTo(401);
    assertThat(status(gateway, hashed, "192.0.2.1")).isEqualTo(401);
    Path file =
        Files.writeString(
            folder.resolve("keys.csv"),
            "account_email,kind,name,sha256,token\n"
                + (EMAIL + ",mgp,known,," + known + "\n")
                + (EMAIL + ",mp,," + sha256(hashed) + ",\n"));

    assertThat(run(database, MASTER, "key", "import", file.toString())).as(err).isZero();

    assertThat(status(gateway, known, "192.0.2.1")).isEqualTo(502);
    assertThat(status(gateway, hashed, "192.0.2.1")).isEqualTo(502);
    assertThat(
            database.count(
                "SELECT count(*) FROM audit JOIN accounts USING (organization_id)"
                    + " WHERE action = 'api_key.imported' AND detail->>'keys' = '2'"))
        .isEqualTo(1);
    Gateway strict = gateway(database, MASTER, "");
    assertThat(status(strict, known, "192.0.2.1")).isEqualTo(401);
  }

  /** Guesses cost queries: each address has few of them, and all together have not many more. */
  @Test
  void guessesBeyondTheBudgetAre429() {
    Gateway gateway = gateway(database, MASTER, "true");

    List<Integer> ofOne =
        IntStream.range(0, 400)
            .parallel()
            .mapToObj(i -> status(gateway, guess(i), "192.0.2.1"))
            .toList();
    List<Integer> ofMany =
        IntStream.range(0, 3_000)
            .parallel()
            .mapToObj(i -> status(gateway, guess(1_000 + i), "198.51." + i / 250 + "." + i % 250))
            .toList();

    assertThat(ofOne).contains(401, 429).containsOnly(401, 429);
    assertThat(ofMany).contains(401, 429).containsOnly(401, 429);
  }

  private static String guess(int number) {
    return "mgp_" + "%040x".formatted(number);
  }

  private JsonObject key(String... options) {
    List<String> arguments =
        new ArrayList<>(List.of("key", "create", "--account", EMAIL, "--json"));
    arguments.addAll(List.of(options));
    assertThat(run(database, MASTER, arguments.toArray(String[]::new))).as(err).isZero();
    return new JsonObject(out);
  }

  private Path export() throws IOException {
    return Files.writeString(folder.resolve("export.csv"), export(database));
  }

  private String export(TestDatabase from) {
    assertThat(run(from, MASTER, "key", "export")).as(err).isZero();
    return out;
  }

  private Gateway gateway(TestDatabase over, String master, String acceptUnchecked) {
    DatabaseAddress address = over.address();
    Map<String, String> settings = new HashMap<>();
    settings.put("MAGLATCH_HTTP_HOST", "127.0.0.1");
    settings.put("MAGLATCH_HTTP_PORT", "0");
    settings.put("MAGLATCH_OPS_HOST", "127.0.0.1");
    settings.put("MAGLATCH_OPS_PORT", "0");
    settings.put("MAGLATCH_DATABASE_URL", address.url());
    settings.put("MAGLATCH_DATABASE_USER", String.valueOf(address.user()));
    settings.put("MAGLATCH_DATABASE_PASSWORD", requireNonNull(address.password()).reveal());
    settings.put("MAGLATCH_SECRETS_MASTER", master);
    settings.put("MAGLATCH_PROXY_UPSTREAM", "http://127.0.0.1:1"); // 502: it came so far
    settings.put("MAGLATCH_PROXY_TRUSTED_CIDRS", "127.0.0.0/8");
    if (!acceptUnchecked.isEmpty()) {
      settings.put("MAGLATCH_TOKENS_ACCEPT_UNCHECKED", acceptUnchecked);
    }
    Settings read = Settings.load(null, settings, Map.of());
    Gateway gateway = new Gateway(GatewayConfig.read(read, Mode.SERVE), "test");
    assertThat(read.problems().isEmpty()).as(read.problems().toString()).isTrue();
    gateways.add(gateway);
    return await(gateway.start());
  }

  private int status(Gateway gateway, String token, String from) {
    return send(gateway, token, from).statusCode();
  }

  private HttpResponse<String> send(Gateway gateway, String token, String from) {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + gateway.httpPort() + "/orders"))
            .timeout(Duration.ofSeconds(30))
            .header("Authorization", "Bearer " + token)
            .header("X-Forwarded-For", from)
            .build();
    try {
      return client.send(request, BodyHandlers.ofString());
    } catch (IOException | InterruptedException broken) {
      throw new AssertionError(broken);
    }
  }

  private static <T> T await(Future<T> future) {
    return future.toCompletionStage().toCompletableFuture().orTimeout(30, TimeUnit.SECONDS).join();
  }

  private static String sha256(String token) throws Exception {
    return HexFormat.of()
        .formatHex(MessageDigest.getInstance("SHA-256").digest(token.getBytes(UTF_8)));
  }

  private static String master(int value) {
    byte[] bytes = new byte[32];
    Arrays.fill(bytes, (byte) value);
    return Base64.getEncoder().encodeToString(bytes);
  }

  private int run(TestDatabase over, String master, String... arguments) {
    Ran ran = Ran.with(Ran.settings(over.address(), master, folder), arguments);
    out = ran.out();
    err = ran.err();
    return ran.code();
  }
}
