// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.settings;

import static org.assertj.core.api.Assertions.assertThat;

import dev.maglatch.secret.Secret;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SettingsTest {
  private enum Loss {
    SERVE,
    REFUSE_AT_ONCE
  }

  @TempDir Path folder;

  @Test
  void defaultsStandWhereNothingIsSet() {
    Section root = Settings.empty().root();

    assertThat(root.text("a")).isNull();
    assertThat(root.text("a", "x")).isEqualTo("x");
    assertThat(root.integer("b", 7, 0, 9)).isEqualTo(7);
    assertThat(root.bytes("c", 64)).isEqualTo(64);
    assertThat(root.flag("d", true)).isTrue();
    assertThat(root.duration("e", Duration.ofSeconds(3))).isEqualTo(Duration.ofSeconds(3));
    assertThat(root.texts("f", List.of("x"))).containsExactly("x");
    assertThat(root.secret("g")).isNull();
    assertThat(root.choice("h", Loss.SERVE)).isEqualTo(Loss.SERVE);
    assertThat(root.sections("i")).isEmpty();
    assertThat(root.has("j")).isFalse();
  }

  @Test
  void everyTypeIsReadFromTheFile() throws IOException {
    Settings settings =
        yaml(
            """
            a: text
            s:
              b: 9
              c: 64k
              d: false
            e: 500ms
            f: [x, "y z"]
            g: hush
            h: refuse-at-once
            i:
              - p: 1
              - p: 2
            j.k: dotted
            """);
    Section root = settings.root();

    assertThat(root.text("a")).isEqualTo("text");
    assertThat(root.section("s").integer("b", 7, 0, 9)).isEqualTo(9);
    assertThat(root.section("s").bytes("c", 0)).isEqualTo(65_536);
    assertThat(root.section("s").flag("d", true)).isFalse();
    assertThat(root.duration("e", Duration.ZERO)).isEqualTo(Duration.ofMillis(500));
    assertThat(root.texts("f", List.of())).containsExactly("x", "y z");
    assertThat(root.secret("g")).isEqualTo(new Secret("hush"));
    assertThat(root.choice("h", Loss.SERVE)).isEqualTo(Loss.REFUSE_AT_ONCE);
    assertThat(root.sections("i"))
        .extracting(item -> item.integer("p", 0, 0, 9))
        .containsExactly(1, 2);
    assertThat(root.section("j").text("k")).isEqualTo("dotted");
    assertThat(settings.problems().lines()).isEmpty();
  }

  @Test
  void commandLineWinsOverEnvironmentAndThatOverFile() throws IOException {
    Settings settings =
        Settings.load(
            file("http: {port: 1, host: a, public-url: b}"),
            Map.of("MAGLATCH_HTTP_PORT", "2", "MAGLATCH_HTTP_PUBLIC_URL", "c"),
            Map.of("http.port", "3"));
    Section http = settings.root().section("http");

    assertThat(http.integer("port", 0, 0, 9)).isEqualTo(3);
    assertThat(http.text("public-url")).isEqualTo("c");
    assertThat(http.text("host")).isEqualTo("a");
    assertThat(settings.problems().lines()).isEmpty();
  }

  @Test
  void listsAreAlsoReadFromVariables() {
    Settings settings =
        environment(
            "MAGLATCH_ORIGINS",
            "https://a, https://b",
            "MAGLATCH_ROUTES",
            "[{path: /a}, {path: /b}]");

    assertThat(settings.root().texts("origins", List.of()))
        .containsExactly("https://a", "https://b");
    assertThat(settings.root().sections("routes"))
        .extracting(route -> route.text("path"))
        .containsExactly("/a", "/b");
    assertThat(settings.problems().lines()).isEmpty();
  }

  @Test
  void variableReplacesTheWholeListOfTheFile() throws IOException {
    Settings settings =
        Settings.load(
            file("routes: [{path: /x}, {path: /y}]"),
            Map.of("MAGLATCH_ROUTES", "[{path: /a}]"),
            Map.of());

    assertThat(settings.root().sections("routes"))
        .extracting(route -> route.text("path"))
        .containsExactly("/a");
  }

  @Test
  void secretIsReadFromTheFileThatAVariableOrAKeyNames() throws IOException {
    Path mounted = Files.writeString(folder.resolve("mounted"), "hush\n");

    assertThat(environment("MAGLATCH_TOKEN_FILE", mounted.toString()).root().secret("token"))
        .isEqualTo(new Secret("hush"));
    assertThat(yaml("token-file: " + mounted).root().secret("token")).isEqualTo(new Secret("hush"));
  }

  @Test
  void variableWinsOverTheFilesSecret() throws IOException {
    Settings settings =
        Settings.load(file("token-file: /nowhere"), Map.of("MAGLATCH_TOKEN", "hush"), Map.of());

    assertThat(settings.root().secret("token")).isEqualTo(new Secret("hush"));
    assertThat(settings.problems().lines()).isEmpty();
  }

  @Test
  void everyProblemStandsInOneNumberedReport() throws IOException {
    Path yaml = file("proxy:\n\n\n  port: 70000\n");
    Settings settings =
        Settings.load(yaml, Map.of("MAGLATCH_USAGE_FLUSH_INTERVALL", "1s"), Map.of());
    settings.root().section("proxy").integer("port", 8080, 0, 65535);
    settings.root().section("usage").duration("flush-interval", Duration.ofSeconds(1));
    settings.root().section("upstream").problem("url", "http or https URL");

    assertThat(settings.problems().report())
        .isEqualTo(
            """
            Configuration is invalid (3 problems):
              1) proxy.port: 70000 (expected: 0 to 65535)  [%s:4]
              2) upstream.url: missing (expected: http or https URL)
              3) MAGLATCH_USAGE_FLUSH_INTERVALL: unknown variable; did you mean \
            MAGLATCH_USAGE_FLUSH_INTERVAL (usage.flush-interval)?"""
                .formatted(yaml));
  }

  @Test
  void eachBadValueHasItsText() throws IOException {
    Settings settings =
        yaml(
            """
            b: x
            c: -1
            d: yes please
            e: 30
            h: sometimes
            t: {a: 1}
            i: text
            u: [1, 2]
            """);
    Section root = settings.root();
    root.integer("b", 7, 0, 9);
    root.bytes("c", 1);
    root.flag("d", true);
    root.duration("e", Duration.ZERO, Duration.ofMillis(10), Duration.ofMinutes(2));
    root.choice("h", Loss.SERVE);
    root.text("t");
    root.sections("i");
    root.text("u");

    assertThat(settings.problems().lines())
        .extracting(line -> line.replaceAll("  \\[.*", ""))
        .containsExactly(
            "b: x (expected: 0 to 9)",
            "c: -1 (expected: a size such as 4096, 64k or 1m)",
            "d: yes please (expected: true or false)",
            "e: 30 (expected: a duration such as 500ms, 30s, 5m or 1h)",
            "h: sometimes (expected: serve or refuse-at-once)",
            "i: expected a list of sections",
            "u: 1, 2 (expected: a single value)",
            "t: expected a value, not a section");
  }

  @ParameterizedTest
  @CsvSource({
    "1, 1023, 9ms, false",
    "2, 1024, 10ms, true",
    "3, 1025, 11ms, true",
    "8, 2047, 119999ms, true",
    "9, 2k, 2m, true",
    "10, 2049, 120001ms, false",
  })
  void bothEndsOfARangeBelongToIt(String number, String size, String time, boolean inRange)
      throws IOException {
    Settings settings = yaml("b: %s\nc: %s\ne: %s\n".formatted(number, size, time));
    Section root = settings.root();
    root.integer("b", 5, 2, 9);
    root.bytes("c", 1_500, 1_024, 2_048);
    root.duration("e", Duration.ofSeconds(1), Duration.ofMillis(10), Duration.ofMinutes(2));

    assertThat(settings.problems().lines()).hasSize(inRange ? 0 : 3);
  }

  @Test
  void outOfRangeDurationNamesTheRange() throws IOException {
    Settings settings = yaml("e: 3h");
    settings.root().duration("e", Duration.ZERO, Duration.ofMillis(10), Duration.ofMinutes(2));

    assertThat(settings.problems().report())
        .contains("e: 3h (expected: a duration such as 500ms, 30s, 5m or 1h, 10ms to 2m)");
  }

  @Test
  void unknownKeysAreReportedOnceWithTheNearest() throws IOException {
    Settings settings = yaml("http:\n  prot: 1\nprt: 3\nport: 2\nhttps:\n  a: 1\n  b: 2\n");
    settings.root().section("http").integer("port", 0, 0, 9);

    assertThat(settings.problems().lines())
        .extracting(line -> line.replaceAll("  \\[.*:(\\d+)]", " $1"))
        .containsExactly(
            "http.prot: unknown key; did you mean http.port? 2",
            "prt: unknown key; did you mean http.port? 3",
            "port: unknown key; did you mean http.port? 4",
            "https: unknown key; did you mean http.port? 5");
  }

  @Test
  void unknownKeyInsideAListIsNamedWithItsIndex() throws IOException {
    Settings settings = yaml("routes:\n  - path: /a\n  - pth: /b\n");
    settings.root().sections("routes").forEach(route -> route.text("path"));

    assertThat(settings.problems().report())
        .contains("routes[1].pth: unknown key; did you mean routes[].path?");
  }

  @Test
  void variablesOfOtherPurposesAreNotUnknown() {
    Settings settings =
        Settings.load(
            null,
            Map.of(
                "MAGLATCH_CONFIG", "x",
                "MAGLATCH_TEST_DATABASE_URL", "x",
                "MAGLATCH_SERVICE_HOST", "10.0.0.1",
                "MAGLATCH_PORT", "tcp://10.0.0.1:80",
                "MAGLATCH_PORT_80_TCP_ADDR", "10.0.0.1",
                "PATH", "/bin"),
            Map.of());
    settings.root().section("http").integer("port", 0, 0, 9);

    assertThat(settings.problems().lines()).isEmpty();
  }

  @Test
  void blankVariableCountsAsNotSet() {
    Settings settings = environment("MAGLATCH_HTTP_PORT", "");

    assertThat(settings.root().section("http").integer("port", 5, 0, 9)).isEqualTo(5);
    assertThat(settings.problems().lines()).isEmpty();
  }

  @Test
  void noProblemShowsASecret() throws IOException {
    Settings settings =
        Settings.load(
            file(
                "token: hush\nurl: http://me:hush@host/\nunknown: hush\npair: hush\npair-file: /x"),
            Map.of("MAGLATCH_OTHER", "hush"),
            Map.of());
    settings.root().secret("token");
    settings.root().problem("token", "something else");
    settings.root().text("url");
    settings.root().problem("url", "https URL");
    settings.root().secret("pair");

    assertThat(settings.problems().report())
        .contains("token: **** (expected: something else)")
        .contains("url: http://****@host/ (expected: https URL)")
        .contains("pair: set both by itself and by pair-file")
        .doesNotContain("hush");
  }

  @Test
  void secretFileThatCannotBeReadIsAProblem() {
    Settings settings = environment("MAGLATCH_TOKEN_FILE", "/nowhere/at-all");

    assertThat(settings.root().secret("token")).isNull();
    assertThat(settings.problems().report())
        .contains("token-file: /nowhere/at-all cannot be read")
        .contains("[MAGLATCH_TOKEN_FILE]");
  }

  @Test
  void brokenFileIsOneProblemWithItsLine() throws IOException {
    assertThat(yaml("a: 1\nb: [\n").problems().lines())
        .singleElement()
        .asString()
        .contains("not YAML");
    assertThat(yaml("- a\n").problems().lines())
        .singleElement()
        .asString()
        .contains("expected a map of settings at the top");
    assertThat(Settings.load(folder.resolve("none"), Map.of(), Map.of()).problems().lines())
        .singleElement()
        .asString()
        .contains("no such file");
  }

  @Test
  void keySetTwiceIsAProblem() throws IOException {
    Settings settings = yaml("a: 1\na: 2\n");

    assertThat(settings.root().text("a")).isEqualTo("1");
    assertThat(settings.problems().report())
        .contains("a: set twice in one section")
        .contains(":2]");
  }

  @Test
  void emptyFileIsNoProblem() throws IOException {
    assertThat(yaml("# nothing\n").problems().lines()).isEmpty();
    assertThat(yaml("http:\n").root().section("http").text("host")).isNull();
  }

  private Settings yaml(String text) throws IOException {
    return Settings.load(file(text), Map.of(), Map.of());
  }

  private Path file(String text) throws IOException {
    return Files.writeString(Files.createTempFile(folder, "settings", ".yaml"), text);
  }

  @Test
  void differencesAreNamedByValueAlone() {
    Settings one = Settings.load(null, Map.of("MAGLATCH_A_B", "1"), Map.of("c", "x", "d", "1,2"));
    Settings other = Settings.load(null, Map.of("MAGLATCH_A_B", "2"), Map.of("c", "x", "e", "y"));
    for (Settings each : List.of(one, other)) {
      each.root().section("a").text("b");
      List.of("c", "d", "e", "f").forEach(key -> each.root().texts(key, List.of()));
    }

    assertThat(one.differences(other)).containsExactly("a.b", "d", "e");
    assertThat(one.differences(one)).isEmpty();
  }

  private static Settings environment(String... namesAndValues) {
    return switch (namesAndValues.length) {
      case 2 -> Settings.load(null, Map.of(namesAndValues[0], namesAndValues[1]), Map.of());
      default ->
          Settings.load(
              null,
              Map.of(namesAndValues[0], namesAndValues[1], namesAndValues[2], namesAndValues[3]),
              Map.of());
    };
  }
}
