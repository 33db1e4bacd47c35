// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.helm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.snakeyaml.engine.v2.api.Dump;
import org.snakeyaml.engine.v2.api.DumpSettings;

/** The rules that the chart renders: Prometheus takes them, and they fire when they should. */
class RulesTest {
  private static final Path PROMTOOL = Path.of("/usr/bin/promtool");
  private static final Path TESTS = Path.of("src/test/resources/helm/rules.test");
  private static final String RUNBOOK = "src/docs/operating.md#";

  @TempDir private Path folder;
  private Map<?, ?> spec = Map.of();

  @BeforeEach
  void render() {
    Rendered all = new Chart(folder).render(Chart.values("given-secrets"));
    spec = Rendered.map(all.one("PrometheusRule"), "spec");
  }

  @Test
  void rulesFireWhenTheyShould() throws Exception {
    assumeTrue(Files.isExecutable(PROMTOOL), "promtool is not installed (Debian: prometheus)");
    Path rules = folder.resolve("rules.yaml");
    Files.writeString(rules, new Dump(DumpSettings.builder().build()).dumpToString(spec));
    Path tests = folder.resolve("tests.yaml");
    Files.writeString(tests, "rule_files: [" + rules + "]\n" + Files.readString(TESTS));

    assertThat(promtool("check", "rules", rules.toString())).isEmpty();
    assertThat(promtool("test", "rules", tests.toString())).isEmpty();
  }

  @Test
  void everyAlertIsTested() throws IOException {
    String tests = Files.readString(TESTS);

    for (Map<?, ?> alert : alerts()) {
      String name = Rendered.text(alert, "alert");
      assertThat(tests).contains("alertname: " + name + "\n        exp_alerts:");
      assertThat(tests).contains("6h, alertname: " + name + "}");
    }
  }

  @Test
  void everyAlertLeadsToAPageOfTheRunbook() throws IOException {
    Set<String> anchors = new TreeSet<>();
    for (String line : Files.readAllLines(Path.of("src/docs/operating.md"))) {
      if (line.startsWith("#")) {
        String heading = line.replaceFirst("#+ ", "").toLowerCase(Locale.ROOT);
        anchors.add(heading.replaceAll("[^a-z0-9 -]", "").replace(' ', '-'));
      }
    }

    for (Map<?, ?> alert : alerts()) {
      String link = Rendered.text(alert, "annotations", "runbook_url");
      assertThat(link).startsWith(RUNBOOK);
      assertThat(anchors).contains(link.substring(RUNBOOK.length()));
    }
  }

  @Test
  void linksBeginWhereTheRepositoryIs() {
    Map<?, ?> rule =
        new Chart(folder.resolve("other")).render(Chart.values("everything")).one("PrometheusRule");

    assertThat(Rendered.text(rule, "spec", "groups", 1, "rules", 0, "annotations", "runbook_url"))
        .isEqualTo("https://git.example.com/maglatch/" + RUNBOOK + "undecided");
  }

  private List<Map<?, ?>> alerts() {
    List<Map<?, ?>> alerts =
        Rendered.list(spec, "groups").stream()
            .<Object>flatMap(group -> Rendered.list(group, "rules").stream())
            .<Map<?, ?>>map(rule -> (Map<?, ?>) rule)
            .filter(rule -> rule.containsKey("alert"))
            .toList();
    assertThat(alerts).hasSizeGreaterThan(6);
    return alerts;
  }

  /** Returns what promtool complains about; nothing if it is content. */
  private static String promtool(String... arguments) throws Exception {
    List<String> command = new ArrayList<>(List.of(PROMTOOL.toString()));
    command.addAll(List.of(arguments));
    Path output = Files.createTempFile("promtool", ".txt");
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    assertThat(process.waitFor(2, TimeUnit.MINUTES)).as("promtool ends").isTrue();
    String said = Files.readString(output);
    Files.delete(output);
    return process.exitValue() == 0 ? "" : said;
  }
}
