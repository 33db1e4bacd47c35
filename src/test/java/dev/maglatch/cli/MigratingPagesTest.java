// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.cli;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.maglatch.postgres.TestDatabase;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The pages for teams that come from tables of their own, followed to the letter: every query is
 * saved under its name and every other block is run by a shell, in the order of the page. What they
 * have {@code maglatch} do is done in this JVM. {@link MigratingTest} says what comes of the keys.
 */
class MigratingPagesTest {
  private static final Path PAGES = Path.of("src/docs/migrating");
  private static final Path PSQL = Path.of("/usr/bin/psql");
  private static final Pattern BLOCK = Pattern.compile("```(\\w*)\\n(.*?)\\n```", Pattern.DOTALL);
  private static final Pattern QUERY = Pattern.compile("-- ([a-z-]+\\.sql)\\n");
  private static final String BACK = "## 6. Roll back";
  private static final UUID KEY = UUID.randomUUID();
  private static final String MASTER = Base64.getEncoder().encodeToString(new byte[32]);

  /** Stands in for the command: notes each argument on a line, and an empty line at the end. */
  private static final String MAGLATCH =
      """
      #!/bin/sh
      printf '%s\\n' "$@" "" >> commands
      """;

  private final TestDatabase yours = TestDatabase.createEmpty();
  private final TestDatabase database = TestDatabase.create();
  @TempDir private Path folder;

  static Stream<Arguments> pages() {
    String user = "INSERT INTO users VALUES (%s, 'Ann@example.com'%s);";
    String hash = "repeat('ab', 32)";
    return Stream.of(
        Arguments.of(
            "magpipe.md",
            user.formatted("gen_random_uuid()", "")
                + "INSERT INTO keys SELECT '%s', id, 'mine', 'mgp_0000', %s, true, now(), now()"
                    .formatted(KEY, hash)
                + " FROM users",
            "is_active"),
        Arguments.of(
            "magicpost.md",
            user.formatted("'recABCDEFGHIJ0123'", "")
                + "INSERT INTO keys SELECT '%s', id, 'mine', 'mp_abcdef', %s, now(), now(), NULL"
                    .formatted(KEY, hash)
                + " FROM users",
            "revoked_at IS NULL"),
        Arguments.of(
            "organization.md",
            "INSERT INTO organizations VALUES (gen_random_uuid(), 'Ann''s');"
                + user.formatted("gen_random_uuid()", ", (SELECT id FROM organizations), true")
                + "INSERT INTO keys (id, organization_id, created_by, name, key_prefix, key_hash,"
                + " scope, created_at) SELECT '%s', organization_id, id, 'mine', 'mgp_0000', %s,"
                    .formatted(KEY, hash)
                + " 'read-write', now() FROM users",
            "revoked_at IS NULL"));
  }

  @BeforeEach
  void makeCommand() throws IOException {
    assumeTrue(Files.isExecutable(PSQL), "psql is not installed (Debian: postgresql-client)");
    Path command = Files.createDirectory(folder.resolve("bin")).resolve("maglatch");
    Files.writeString(command, MAGLATCH);
    assertThat(command.toFile().setExecutable(true)).isTrue();
  }

  @AfterEach
  void drop() {
    database.close();
    yours.close();
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("pages")
  void everyBlockDoesItsPart(String page, String rows, String good) throws Exception {
    String text = Files.readString(PAGES.resolve(page));
    int back = text.indexOf(BACK);
    assertThat(back).isPositive();
    saveQueries(text);
    yours.execute(Files.readString(folder.resolve("tables.sql")));
    yours.execute(rows);

    runShells(text.substring(0, back));

    String moved = "SELECT count(*) FROM api_keys WHERE revoked_at IS NULL AND id = '" + KEY + "'";
    assertThat(database.count(moved)).isOne();
    run(List.of("key", "revoke", KEY.toString()));

    runShells(text.substring(back));

    assertThat(yours.count("SELECT count(*) FROM keys WHERE " + good)).isZero();
  }

  private void saveQueries(String text) throws IOException {
    Matcher block = BLOCK.matcher(text);
    while (block.find()) {
      Matcher query = QUERY.matcher(block.group(2));
      if (block.group(1).equals("sql") && query.lookingAt()) {
        Files.writeString(folder.resolve(query.group(1)), block.group(2));
      }
    }
  }

  private void runShells(String text) throws Exception {
    int shells = 0;
    Matcher block = BLOCK.matcher(text);
    while (block.find()) {
      if (block.group(1).isEmpty()) {
        String said = shell(block.group(2));
        if (block.group(2).contains("compare")) {
          int half = said.length() / 2;
          assertThat(said).isNotEmpty();
          assertThat(said.substring(0, half)).isEqualTo(said.substring(half));
        }
        runNoted();
        shells++;
      }
    }
    assertThat(shells).isPositive();
  }

  /** Returns what the block printed; fails if anything in it fails or complains. */
  private String shell(String block) throws Exception {
    Path out = folder.resolve("out");
    Path err = folder.resolve("err");
    ProcessBuilder bash =
        new ProcessBuilder("/bin/bash", "-euo", "pipefail", "-c", block)
            .directory(folder.toFile())
            .redirectOutput(out.toFile())
            .redirectError(err.toFile());
    Map<String, String> environment = bash.environment();
    environment.merge("PATH", folder.resolve("bin").toString(), (old, own) -> own + ":" + old);
    environment.put("YOURS", yours.address().url());
    environment.put("GATEWAY", database.address().url());
    environment.put("PGUSER", String.valueOf(database.address().user()));
    environment.put("PGPASSWORD", requireNonNull(database.address().password()).reveal());
    environment.put("LC_ALL", "C.UTF-8");
    Process process = bash.start();
    assertThat(process.waitFor(1, TimeUnit.MINUTES)).as(block).isTrue();
    assertThat(Files.readString(err)).as(block).isEmpty();
    assertThat(process.exitValue()).as(block).isZero();
    return Files.readString(out);
  }

  private void runNoted() throws IOException {
    File noted = folder.resolve("commands").toFile();
    if (!noted.exists()) {
      return;
    }
    for (String command : Files.readString(noted.toPath()).split("\n\n", -1)) {
      if (!command.isBlank()) {
        run(command.strip().lines().map(this::inFolder).toList());
      }
    }
    assertThat(noted.delete()).isTrue();
  }

  /** The shell's folder is not this JVM's. */
  private String inFolder(String argument) {
    Path file = folder.resolve(argument);
    return argument.endsWith(".csv") ? file.toString() : argument;
  }

  private void run(List<String> command) {
    Ran ran =
        Ran.with(Ran.settings(database.address(), MASTER, folder), command.toArray(String[]::new));
    assertThat(ran.code()).as(command + ": " + ran.err()).isZero();
  }
}
