// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.maglatch.postgres.DatabaseAddress;
import dev.maglatch.postgres.TestDatabase;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
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
