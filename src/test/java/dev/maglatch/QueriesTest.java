// SPDX-License-Identifier: Apache-2.0
package dev.maglatch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.maglatch.postgres.TestDatabase;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * Every query of the dashboard and of the alerts asks for metrics, labels and values that a running
 * gateway exports.
 */
class QueriesTest {
  private static final Path DASHBOARD = Path.of("helm/maglatch/dashboards/maglatch.json");
  private static final Path RULES = Path.of("helm/maglatch/rules/maglatch.yaml");
  private static final Path PAGES = Path.of("src/docs");

  /** What a scrape adds, and what only histograms have. */
  private static final Set<String> ADDED = Set.of("job", "instance", "namespace");

  private static final Pattern SAMPLE = Pattern.compile("(?m)^(maglatch_\\w+)(?:\\{(.*)})? \\S+$");
  private static final Pattern LABEL = Pattern.compile("(\\w+)=\"([^\"]*)\"");
  private static final Pattern METRIC =
      Pattern.compile("(?<![\\w:])(maglatch_\\w+)(?:\\{([^}]*)})?");
  private static final Pattern NAMED = Pattern.compile("`(maglatch_\\w+)((?:\\{[^}`]*=[^}`]*})?)`");
  private static final Pattern MATCHER = Pattern.compile("(\\w+)(=~|=)\"([^\"]*)\"");
  private static final Pattern GROUPED = Pattern.compile("by \\(([^)]*)\\)");
  private static final Pattern LEGEND = Pattern.compile("\\{\\{(\\w+)}}");
  private static final Pattern EXPRESSION =
      Pattern.compile("(?m)^        expr: (>-\\n(?:          .*\\n)+|.*)");

  /** Values of each label of each metric. */
  private static final Map<String, Map<String, Set<String>>> exported = new HashMap<>();

  @BeforeAll
  static void scrape() {
    try (TestDatabase database = TestDatabase.create();
        EchoUpstream upstream = new EchoUpstream();
        TestGateway gateway = TestGateway.start(database.address(), upstream.url())) {
      String key = Tenant.in(database.address()).key(gateway.config());
      gateway.get("/with", "Authorization", "Bearer " + key);
      gateway.get("/without");
      Matcher samples = SAMPLE.matcher(gateway.ops("/metrics").body());
      while (samples.find()) {
        Map<String, Set<String>> labels =
            exported.computeIfAbsent(samples.group(1), name -> new HashMap<>());
        String text = samples.group(2) == null ? "" : samples.group(2);
        LABEL
            .matcher(text)
            .results()
            .forEach(
                label ->
                    labels
                        .computeIfAbsent(label.group(1), name -> new HashSet<>())
                        .add(label.group(2)));
      }
    }
  }

  @Test
  void dashboardAsksForWhatThereIs() throws IOException {
    int queries = 0;
    for (JsonObject panel : panels()) {
      JsonArray targets = panel.getJsonArray("targets", new JsonArray());
      for (int i = 0; i < targets.size(); i++) {
        JsonObject target = targets.getJsonObject(i);
        String query = target.getString("expr");
        assertThat(problems(query)).as(query).isEmpty();
        Set<String> shown = names(LEGEND, target.getString("legendFormat"));
        shown.remove("instance");
        assertThat(grouping(query)).as(query).containsAll(shown);
        queries++;
      }
    }
    assertThat(queries).isGreaterThan(40);
  }

  @Test
  void rulesAskForWhatThereIs() throws IOException {
    List<String> queries =
        EXPRESSION
            .matcher(Files.readString(RULES))
            .results()
            .map(found -> found.group(1))
            .filter(query -> !query.startsWith("job:"))
            .toList();
    assertThat(queries).hasSizeGreaterThan(9);
    for (String query : queries) {
      assertThat(problems(query)).as(query).isEmpty();
    }
  }

  /** The README's table is compared with a scrape elsewhere. */
  @Test
  void pagesNameWhatThereIs() throws IOException {
    int named = 0;
    try (Stream<Path> files = Files.walk(PAGES)) {
      for (Path page : files.filter(file -> file.toString().endsWith(".md")).toList()) {
        for (MatchResult found : NAMED.matcher(Files.readString(page)).results().toList()) {
          String metric = found.group(1);
          String series = exported.containsKey(metric) ? metric : metric + "_count"; // a histogram
          assertThat(problems(series + found.group(2))).as(page + ": " + metric).isEmpty();
          named++;
        }
      }
    }
    assertThat(named).isGreaterThan(10);
  }

  @Test
  void wrongNamesLabelsAndValuesAreFound() {
    assertThat(problems("rate(maglatch_decision_total[5m])")).isNotEmpty();
    assertThat(problems("maglatch_decisions_total{result=\"allowed\"}")).isNotEmpty();
    assertThat(problems("maglatch_decisions_total{outcome=~\"allowed|good\"}")).isNotEmpty();
    assertThat(problems("sum by (route) (maglatch_decisions_total)")).isNotEmpty();
    assertThat(problems("sum by (outcome) (maglatch_decisions_total)")).isEmpty();
  }

  @Test
  void panelsStandBesideEachOther() throws IOException {
    Set<String> places = new HashSet<>();
    for (JsonObject panel : panels()) {
      JsonObject place = panel.getJsonObject("gridPos");
      assertThat(places.add(place.getInteger("x") + "," + place.getInteger("y"))).isTrue();
      assertThat(place.getInteger("x") + place.getInteger("w")).isLessThanOrEqualTo(24);
    }
  }

  private static List<JsonObject> panels() throws IOException {
    JsonArray panels = new JsonObject(Files.readString(DASHBOARD)).getJsonArray("panels");
    List<JsonObject> all = new ArrayList<>();
    for (int i = 0; i < panels.size(); i++) {
      all.add(panels.getJsonObject(i));
    }
    return all;
  }

  private static List<String> problems(String query) {
    List<String> problems = new ArrayList<>();
    Set<String> labels = new HashSet<>(ADDED);
    List<MatchResult> metrics = METRIC.matcher(query).results().toList();
    for (MatchResult metric : metrics) {
      Map<String, Set<String>> there = exported.get(metric.group(1));
      if (there == null) {
        problems.add("no metric " + metric.group(1));
        continue;
      }
      labels.addAll(there.keySet());
      String matchers = metric.group(2) == null ? "" : metric.group(2);
      MATCHER.matcher(matchers).results().forEach(one -> check(one, there, problems));
    }
    for (String label : grouping(query)) {
      if (!labels.contains(label)) {
        problems.add("no label " + label);
      }
    }
    if (metrics.isEmpty()) {
      problems.add("no metric at all");
    }
    return problems;
  }

  private static void check(
      MatchResult matcher, Map<String, Set<String>> there, List<String> problems) {
    String label = matcher.group(1);
    if (ADDED.contains(label)) {
      return;
    }
    Set<String> values = there.getOrDefault(label, Set.of());
    for (String value : matcher.group(3).split("\\|", -1)) {
      if (!values.contains(value)) {
        problems.add("no " + label + " is " + value + ": " + values);
      }
    }
  }

  private static Set<String> grouping(String query) {
    Set<String> labels = new HashSet<>();
    GROUPED
        .matcher(query)
        .results()
        .forEach(by -> labels.addAll(List.of(by.group(1).split(", ", -1))));
    return labels;
  }

  private static Set<String> names(Pattern pattern, String text) {
    Set<String> names = new HashSet<>();
    pattern.matcher(text).results().forEach(found -> names.add(found.group(1)));
    return names;
  }
}
