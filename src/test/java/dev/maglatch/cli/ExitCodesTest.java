// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.maglatch.postgres.DatabaseAddress;
import dev.maglatch.postgres.TestDatabase;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine.Command;

/** What scripts branch on: 0 done, 1 failed, 2 wrong use or wrong settings, for every command. */
class ExitCodesTest {
  private static final String MASTER = Base64.getEncoder().encodeToString(new byte[32]);
  private static final String EMAIL = "somebody@example.com";
  private static final String NEVER = "never";
  private static final String TOKEN = "mgp_" + "a1".repeat(20);

  /**
   * Command, then arguments after it. {@code AWAY} is a database that does not answer, {@code HERE}
   * one that does. {@code serve}, {@code dev} and {@code try} need a gateway to end with 0 ({@code
   * ServeIT}, {@code DevIT}), {@code explain} a good key ({@code ExplainCommandTest}); {@code
   * check} and {@code version} cannot fail.
   */
  private static final List<Row> TABLE =
      List.of(
          new Row("serve", "--help", "HERE -s=ops.port={taken} -s=http.port=0", "HERE --nonsense"),
          new Row("dev", "--help", "-s=data-dir=/dev/null/x -s=ops.port={taken}", "-s=http.prot=1"),
          new Row("migrate", "HERE", "AWAY", "HERE more"),
          new Row("check", "HERE", NEVER, "HERE -s=http.port=x"),
          new Row("account create", "HERE --email={new}", "HERE --email={email}", "HERE"),
          new Row("account list", "HERE --json", "AWAY", "HERE --nonsense"),
          new Row(
              "account passwd",
              "HERE --email={email} --password-stdin",
              "HERE --email=nobody@example.com --password-stdin",
              "HERE --email"),
          new Row(
              "key create",
              "HERE --account={email} --kind=mp",
              "HERE --account=nobody@example.com --kind=mp",
              "HERE --account={email} --kind=xy"),
          new Row(
              "key list",
              "HERE --account={email}",
              "HERE --account=nobody@example.com",
              "HERE --account={email} --limit=x"),
          new Row(
              "explain",
              "HERE -s=proxy.upstream=http://127.0.0.1:1 --url=/ --key-id {key}",
              "HERE -s=proxy.upstream=http://127.0.0.1:1 --url=/ --key-id {unknown}",
              "HERE --url=/"),
          new Row("key revoke", "HERE {key}", "HERE {unknown}", "HERE not-an-id"),
          new Row("key import", "HERE {good}", "HERE {bad}", "HERE"),
          new Row("key export", "HERE", "AWAY", "HERE --nonsense"),
          new Row("secrets status", "HERE", "AWAY", "HERE more"),
          new Row("secrets retire", "HERE --force {old}", "HERE no-such", "HERE"),
          new Row("try", "--help", "AWAY --url=http://127.0.0.1:1", "HERE"),
          new Row("version", "", NEVER, "--nonsense"));

  /** Arguments by what comes of them. */
  private record Row(String command, String done, String failed, String wrong) {}

  private static TestDatabase database;
  private static String key;

  @TempDir static Path folder;

  @BeforeAll
  static void start() {
    database = TestDatabase.create();
    assertThat(run("account create", "HERE --email=" + EMAIL)).isZero();
    key = UUID.randomUUID().toString();
    database.execute(
        """
        INSERT INTO api_keys (id, kind, name, organization_id, user_id, created_by, key_prefix,
                              key_hash, pepper)
        SELECT '%s', 'mgp', 'n', organization_id, id, id, 'mgp_0000', sha256('k'), 'p'
          FROM accounts
        """
            .formatted(key));
  }

  @AfterAll
  static void stop() {
    database.close();
  }

  @ParameterizedTest
  @MethodSource("table")
  void everyCommandEndsAsDocumented(Row row) throws IOException {
    assertThat(run(row.command, row.done)).as(row.done).isZero();
    if (!row.failed.equals(NEVER)) {
      try (ServerSocket taken = new ServerSocket(0)) {
        String failed = row.failed.replace("{taken}", "" + taken.getLocalPort());
        assertThat(run(row.command, failed)).as(row.failed).isEqualTo(1);
      }
    }
    assertThat(run(row.command, row.wrong)).as(row.wrong).isEqualTo(2);
  }

  static List<Row> table() {
    return TABLE;
  }

  @Test
  void tableHasEveryCommand() {
    Set<String> all = leaves("", Main.class).collect(Collectors.toSet());

    assertThat(TABLE.stream().map(Row::command)).containsExactlyInAnyOrderElementsOf(all);
  }

  @ParameterizedTest
  @CsvSource({
    "'',2",
    "account,2",
    "key,2",
    "secrets,2",
    "nonsense,2",
    "key nonsense,2",
    "--help,0"
  })
  void wordsThatAreNoCommandAreWrongUse(String words, int code) {
    assertThat(run(words, "")).isEqualTo(code);
  }

  private static Stream<String> leaves(String path, Class<?> type) {
    Command command = Objects.requireNonNull(type.getAnnotation(Command.class), type.getName());
    String here = type == Main.class ? "" : (path + " " + command.name()).strip();
    List<Class<?>> below =
        type == Main.class ? Main.COMMANDS : List.<Class<?>>of(command.subcommands());
    return below.isEmpty() ? Stream.of(here) : below.stream().flatMap(each -> leaves(here, each));
  }

  private static int run(String command, String arguments) {
    List<String> words = new ArrayList<>();
    for (String word : (command + " " + arguments).strip().split(" +", -1)) {
      switch (word) {
        case "" -> {} // nothing at all
        case "HERE" -> words.addAll(at(database.address()));
        case "AWAY" ->
            words.addAll(
                List.of(
                    "-s=database.url=postgresql://nobody@127.0.0.1:1/none",
                    "-s=secrets.master=" + MASTER));
        default -> words.add(filledIn(word));
      }
    }
    StringWriter ignored = new StringWriter();
    return Main.run(
        words.toArray(String[]::new),
        new ByteArrayInputStream("correct horse battery\n".getBytes(UTF_8)),
        new PrintWriter(ignored, true),
        new PrintWriter(ignored, true));
  }

  private static List<String> at(DatabaseAddress address) {
    return List.of(
        "-s=database.url=" + address.url(),
        "-s=database.user=" + address.user(),
        "-s=database.password=" + Objects.requireNonNull(address.password()).reveal(),
        "-s=secrets.master=" + MASTER);
  }

  private static String filledIn(String argument) {
    return switch (argument) {
      case "{key}" -> key;
      case "{unknown}" -> UUID.randomUUID().toString();
      case "{good}" -> file("account_email,kind,name,token\n" + EMAIL + ",mgp,n," + TOKEN);
      case "{bad}" -> file("account_email,kind,name,token\nnobody@example.com,mgp,n," + TOKEN);
      case "{old}" -> retired();
      default ->
          argument.replace("{email}", EMAIL).replace("{new}", UUID.randomUUID() + "@example.com");
    };
  }

  private static String file(String text) {
    try {
      return Files.writeString(folder.resolve(UUID.randomUUID() + ".csv"), text + "\n").toString();
    } catch (IOException failed) {
      throw new AssertionError(failed);
    }
  }

  private static String retired() {
    String fingerprint = "0011223344556677";
    database.execute(
        "INSERT INTO secret_fingerprints (purpose, fingerprint) VALUES ('session', '%s')"
            .formatted(fingerprint));
    return fingerprint;
  }
}
