// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.helm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.snakeyaml.engine.v2.api.Dump;
import org.snakeyaml.engine.v2.api.DumpSettings;

/** What may be said in the chart's values, and where it is written down. */
class ChartValuesTest {
  private static final Path SCHEMA = Path.of("helm/maglatch/values.schema.json");
  private static final Path README = Path.of("helm/maglatch/README.md");
  private static final String BEGIN = "<!-- values -->\n";
  private static final String END = "<!-- /values -->\n";

  /** Settings that are the chart's own, or secret. */
  private static final Set<String> NOT_IN_CONFIG =
      Set.of(
          "http.host",
          "http.port",
          "ops",
          "data-dir",
          "database.url",
          "database.password",
          "database.migration-url",
          "database.embedded",
          "secrets",
          "events");

  @TempDir private static Path folder;
  private static Chart chart;

  @BeforeAll
  static void copy() {
    chart = new Chart(folder);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "replica: 3 | additional properties 'replica' not allowed",
        "replicas: 0 | at '/replicas': minimum",
        "replicas: many | at '/replicas': got string, want integer",
        "image: {repository: maglatch, tag: latest} | at '/image/tag'",
        "image: {repository: maglatch, digest: 'sha256:12'} | at '/image/digest'",
        "image: {} | image.repository: where was the image pushed to?",
        "config: {cache: {max-entry: 3}} | additional properties 'max-entry' not allowed",
        "config: {secrets: {master: x}} | additional properties 'secrets' not allowed",
        "config: {database: {url: 'postgresql://a:b@c/d'}} | additional properties 'url' not",
        "config: {http: {port: 9000}} | additional properties 'port' not allowed",
        "config: {http: {drain-timeout: soon}} | at '/config/http/drain-timeout'",
        "config: {webhooks: {timeout: 10}} | at '/config/webhooks/timeout'",
        "config: {log: {format: xml}} | at '/config/log/format'",
        "config: {management: {port: 8080}} | at '/config/management/port'",
        "secrets: {databaseUrl: {value: a}} | secrets.master: needs value or existingSecret",
        "secrets: {master: {value: a}} | secrets.databaseUrl: needs value or existingSecret",
        "secrets: {master: {value: a, extra: b}} | additional properties 'extra' not allowed",
        "secrets: {masterKey: {value: a}} | additional properties 'masterKey' not allowed",
        "resources: {limits: {memory: 1.5}} | at '/resources/limits/memory'",
        "service: {type: ExternalName} | at '/service/type'",
        "ingress: {enabled: true} | at '/ingress/hosts': minItems",
        "httpRoute: {enabled: true} | at '/httpRoute/parentRefs': minItems",
        "env: [{name: MAGLATCH_HTTP_PORT, value: '1'}] | at '/env/0/name'",
        "podDisruptionBudget: {maxUnavailable: half} | at '/podDisruptionBudget/maxUnavailable'",
      })
  void wrongValueIsRefused(String values, String complaint) throws IOException {
    assertThatThrownBy(() -> chart.text(valuesWith(values))).hasMessageContaining(complaint);
  }

  /** As Helm and a chart with a condition do. */
  @Test
  void chartsAroundThisOneMayAddTheirValues() throws IOException {
    assertThat(chart.text(valuesWith("{global: {team: edge}, enabled: true}")))
        .isEqualTo(chart.text(Chart.values("minimal")));
  }

  /** Replaces whole members of the smallest values that are complete. */
  private static Path valuesWith(String replacement) throws IOException {
    Map<Object, Object> values = new LinkedHashMap<>();
    String minimal = Files.readString(Chart.values("minimal"));
    values.putAll((Map<?, ?>) Chart.yaml().loadFromString(minimal));
    values.putAll((Map<?, ?>) Chart.yaml().loadFromString(replacement));
    Path file = folder.resolve("values.yaml");
    return Files.writeString(file, new Dump(DumpSettings.builder().build()).dumpToString(values));
  }

  /**
   * A setting that the gateway has can be set, and one that it has not is a mistake. {@code
   * -Dhelm.record=true} writes the missing ones with the type of their default.
   */
  @Test
  void schemaKnowsTheSettingsOfTheGateway() throws IOException {
    Map<?, ?> settings =
        (Map<?, ?>) Chart.yaml().loadFromString(Files.readString(Path.of("conf/maglatch.yaml")));
    JsonObject schema = new JsonObject(Files.readString(SCHEMA));
    JsonObject config = schema.getJsonObject("properties").getJsonObject("config");
    if (Boolean.getBoolean("helm.record")) {
      complete("", settings, config);
      Files.writeString(SCHEMA, schema.encodePrettily() + "\n");
    }

    assertThat(settings("", config))
        .as("settings in values.schema.json; -Dhelm.record=true adds what is missing")
        .isEqualTo(names("", settings));
  }

  private static Set<String> names(String prefix, Map<?, ?> section) {
    Set<String> names = new TreeSet<>();
    section.forEach(
        (key, value) -> {
          String name = prefix + key;
          if (NOT_IN_CONFIG.contains(name)) {
            return;
          }
          if (value instanceof Map<?, ?> nested) {
            names.addAll(names(name + ".", nested));
          } else {
            names.add(name);
          }
        });
    return names;
  }

  private static Set<String> settings(String prefix, JsonObject schema) {
    assertThat(schema.getBoolean("additionalProperties")).as(prefix).isFalse();
    Set<String> names = new TreeSet<>();
    JsonObject properties = schema.getJsonObject("properties");
    for (String key : properties.fieldNames()) {
      JsonObject property = properties.getJsonObject(key);
      if (property.containsKey("properties")) {
        names.addAll(settings(prefix + key + ".", property));
      } else {
        names.add(prefix + key);
      }
    }
    return names;
  }

  private static void complete(String prefix, Map<?, ?> section, JsonObject schema) {
    JsonObject properties = schema.getJsonObject("properties");
    section.forEach(
        (key, value) -> {
          String name = String.valueOf(key);
          if (NOT_IN_CONFIG.contains(prefix + name)) {
            return;
          }
          if (!properties.containsKey(name)) {
            properties.put(name, property(value));
          }
          if (value instanceof Map<?, ?> nested) {
            complete(prefix + name + ".", nested, properties.getJsonObject(name));
          }
        });
    properties.fieldNames().removeIf(name -> !section.containsKey(name));
  }

  private static JsonObject property(@Nullable Object value) {
    if (value instanceof Map<?, ?>) {
      return new JsonObject()
          .put("type", "object")
          .put("additionalProperties", false)
          .put("properties", new JsonObject());
    }
    Object type =
        value instanceof Boolean
            ? "boolean"
            : value instanceof Integer
                ? "integer"
                : value instanceof List<?>
                    ? "array"
                    : new JsonArray().add("string").add("integer").add("null");
    return new JsonObject().put("type", type);
  }

  /** {@code -Dhelm.record=true} writes the table. */
  @Test
  void readmeTellsEveryValueAsItsCommentDoes() throws IOException {
    String readme = Files.readString(README);
    String table = table(Files.readAllLines(Chart.FOLDER.resolve("values.yaml")));
    int begin = readme.indexOf(BEGIN) + BEGIN.length();
    int end = readme.indexOf(END);
    assertThat(end).isGreaterThanOrEqualTo(begin);
    if (Boolean.getBoolean("helm.record")) {
      readme = readme.substring(0, begin) + table + readme.substring(end);
      Files.writeString(README, readme);
    }

    assertThat(readme).contains(BEGIN + table + END);
  }

  private static String table(List<String> lines) {
    StringBuilder table = new StringBuilder("| value | default | what it is |\n|---|---|---|\n");
    List<String> path = new ArrayList<>();
    StringBuilder comment = new StringBuilder();
    for (String line : lines) {
      String text = line.strip();
      if (text.isEmpty()) {
        comment.setLength(0);
      } else if (text.startsWith("#")) {
        comment.append(comment.isEmpty() ? "" : " ").append(text.substring(1).strip());
      } else {
        int depth = (line.length() - line.stripLeading().length()) / 2;
        path.subList(depth, path.size()).clear();
        path.add(text.substring(0, text.indexOf(':')));
        String value = text.substring(text.indexOf(':') + 1).strip();
        table.append(row(String.join(".", path), value, comment.toString()));
        comment.setLength(0);
      }
    }
    return table.toString();
  }

  private static String row(String name, String value, String comment) {
    String shown = value.isEmpty() ? "" : "`" + value + "`";
    return "| `" + name + "` | " + shown + " | " + comment.replace("|", "\\|") + " |\n";
  }
}
