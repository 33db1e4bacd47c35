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
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code secrets} on a real database whose master was replaced. */
class SecretsCommandsTest {
  private static final String OLD = master(1);
  private static final String NEW = master(2);

  private final TestDatabase database = TestDatabase.create();
  @TempDir private Path folder;
  private String out = "";
  private String err = "";

  @AfterEach
  void stop() {
    database.close();
  }

  @Test
  void rowsAreCountedForTheMasterThatServesThem() {
    madeWithOldMaster();
    List<JsonObject> before = status("-s=secrets.master=" + OLD);
    assertThat(before).hasSize(4).allMatch(use -> "current".equals(use.getString("standing")));
    assertThat(before).allMatch(use -> use.getString("first_used") != null);

    List<JsonObject> uses = replaced();

    assertThat(uses).hasSize(8);
    assertThat(use(uses, "pepper", "previous").getLong("rows")).isEqualTo(2);
    assertThat(use(uses, "pepper", "current").getLong("rows")).isZero();
    assertThat(use(uses, "encryption", "previous").getLong("rows")).isEqualTo(1);
    assertThat(use(uses, "check", "previous").getLong("rows")).isEqualTo(2);
    assertThat(use(uses, "session", "previous").getLong("rows")).isZero();
    assertThat(use(uses, "pepper", "previous").getString("fingerprint"))
        .isEqualTo(use(before, "pepper", "current").getString("fingerprint"));
    assertThat(run("secrets", "status", "-s=secrets.master=" + NEW, previous())).isZero();
    assertThat(out).startsWith("PURPOSE ").contains("<= 2").doesNotContain(OLD).doesNotContain(NEW);
  }

  /** A key that was revoked needs its hash no more; its webhook secret is still shown. */
  @Test
  void rowsLeftKeepAMasterUnlessForced() {
    madeWithOldMaster();
    List<JsonObject> uses = replaced();
    String pepper = use(uses, "pepper", "previous").getString("fingerprint");
    String session = use(uses, "session", "previous").getString("fingerprint");
    String encryption = use(uses, "encryption", "previous").getString("fingerprint");

    assertThat(retire(pepper)).isEqualTo(1);
    assertThat(err).hasLineCount(1).contains("2 rows still need " + pepper);
    assertThat(retire(session, pepper)).isEqualTo(1);
    assertThat(replaced()).as("all or none").hasSize(8);
    assertThat(retire(session)).as(err).isZero();
    assertThat(out).contains("Retired session " + session);
    database.execute("UPDATE api_keys SET revoked_at = now()");
    assertThat(retire(pepper)).as(err).isZero();
    assertThat(retire(encryption)).isEqualTo(1);
    assertThat(retire(encryption, "--force")).as(err).isZero();
    assertThat(database.count("SELECT count(*) FROM secret_fingerprints")).isEqualTo(5);
  }

  @Test
  void currentAndUnknownOnesAreNotRetired() {
    madeWithOldMaster();
    String current = use(replaced(), "pepper", "current").getString("fingerprint");

    assertThat(retire(current, "--force")).isEqualTo(1);
    assertThat(err).contains("is the current pepper key");
    assertThat(retire("0123456789abcdef")).isEqualTo(1);
    assertThat(err).contains("no key has the fingerprint 0123456789abcdef");
    assertThat(run("secrets", "retire", "-s=secrets.master=" + NEW)).isEqualTo(2);
  }

  /** Without the other secrets of the database nothing opens it any more. */
  @Test
  void retiredMasterAloneIsRefused() {
    madeWithOldMaster();
    for (JsonObject use : replaced()) {
      if ("previous".equals(use.getString("standing"))) {
        assertThat(retire(use.getString("fingerprint"), "--force")).as(err).isZero();
      }
    }

    assertThat(run("secrets", "status", "-s=secrets.master=" + OLD)).isEqualTo(1);

    assertThat(err).hasLineCount(1).contains("this database was made with other secrets");
  }

  /** Three keys, one of them revoked, and a sealed secret. */
  private void madeWithOldMaster() {
    String master = "-s=secrets.master=" + OLD;
    assertThat(run("account", "create", "--email", "a@example.com", master)).as(err).isZero();
    for (String name : List.of("one", "two", "gone")) {
      assertThat(
              run("key", "create", "--account=a@example.com", "--kind=mgp", "--name", name, master))
          .as(err)
          .isZero();
    }
    database.execute("UPDATE api_keys SET revoked_at = now() WHERE name = 'gone'");
    database.execute(
        "UPDATE api_keys SET webhook_secret = '\\x01'::bytea || decode(f.fingerprint, 'hex')"
            + " || '\\x00'::bytea FROM secret_fingerprints f"
            + " WHERE f.purpose = 'encryption' AND name = 'one'");
  }

  private List<JsonObject> replaced() {
    return status("-s=secrets.master=" + NEW, previous());
  }

  private int retire(String... arguments) {
    List<String> all = new ArrayList<>(List.of("secrets", "retire"));
    all.addAll(List.of(arguments));
    all.addAll(List.of("-s=secrets.master=" + NEW, previous()));
    return run(all.toArray(String[]::new));
  }

  private static String previous() {
    return "-s=secrets.previous=" + OLD;
  }

  private List<JsonObject> status(String... settings) {
    List<String> all = new ArrayList<>(List.of("secrets", "status", "--json"));
    all.addAll(List.of(settings));
    assertThat(run(all.toArray(String[]::new))).as(err).isZero();
    return new JsonArray(out).stream().map(JsonObject.class::cast).toList();
  }

  private static JsonObject use(List<JsonObject> uses, String purpose, String standing) {
    return uses.stream()
        .filter(use -> purpose.equals(use.getString("purpose")))
        .filter(use -> standing.equals(use.getString("standing")))
        .findFirst()
        .orElseThrow();
  }

  private static String master(int value) {
    byte[] bytes = new byte[32];
    Arrays.fill(bytes, (byte) value);
    return Base64.getEncoder().encodeToString(bytes);
  }

  private int run(String... arguments) {
    List<String> all = new ArrayList<>(List.of(arguments));
    DatabaseAddress address = database.address();
    all.add("-s=database.url=" + address.url());
    all.add("-s=database.user=" + address.user());
    all.add("-s=database.password=" + Objects.requireNonNull(address.password()).reveal());
    all.add("-s=data-dir=" + folder);
    StringWriter answer = new StringWriter();
    StringWriter errors = new StringWriter();
    int code =
        Main.run(
            all.toArray(String[]::new),
            new ByteArrayInputStream("".getBytes(UTF_8)),
            new PrintWriter(answer, true),
            new PrintWriter(errors, true));
    out = answer.toString();
    err = errors.toString();
    return code;
  }
}
