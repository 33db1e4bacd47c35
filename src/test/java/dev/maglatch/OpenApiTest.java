// SPDX-License-Identifier: Apache-2.0
package dev.maglatch;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** The OpenAPI file says what is there, no more and no less. */
class OpenApiTest {
  private static final Map<String, String> EVERYTHING =
      Map.of("MAGLATCH_HTTP_DOCS", "true", "MAGLATCH_SESSIONS_SIGNUP", "true");
  private static final Pattern PARAMETER = Pattern.compile("\\{([^}]+)}");

  @Test
  void everyMountedRouteIsDocumentedAndEveryDocumentedOneIsMounted() {
    try (UnstartedGateway gateway = UnstartedGateway.of(EVERYTHING)) {
      OpenApiFile file = served(gateway, gateway.publicPort());

      assertThat(file.routes("public")).isEqualTo(gateway.publicRoutes());
      assertThat(file.routes("ops")).isEqualTo(gateway.opsRoutes());
    }
  }

  /** What is served is true of this gateway, not of the defaults. */
  @Test
  void servedFileShowsRoutesWhereTheyAreInThisGateway() {
    Map<String, String> settings =
        Map.of(
            "MAGLATCH_HTTP_DOCS", "true",
            "MAGLATCH_HTTP_PUBLIC_URL", "https://api.example.com",
            "MAGLATCH_DIALECTS_MAGPIPE_BASE", "/keys/magpipe",
            "MAGLATCH_DIALECTS_ORGANIZATION_BASE", "/org",
            "MAGLATCH_DIALECTS_MAGICPOST_ENABLED", "false");
    try (UnstartedGateway gateway = UnstartedGateway.of(settings)) {
      OpenApiFile file = served(gateway, gateway.opsPort());

      assertThat(file.routes("public")).isEqualTo(gateway.publicRoutes());
      assertThat(file.routes("public"))
          .contains("POST /keys/magpipe/manage-api-keys", "POST /manage-api-keys")
          .doesNotContain("POST /auth/v1/signup")
          .noneMatch(route -> route.contains("/api/v1/"));
      assertThat(file.root().getJsonArray("servers").getJsonObject(0).getString("url"))
          .isEqualTo("https://api.example.com");
      assertThat(file.paths().getJsonObject("/livez").getJsonArray("servers").getJsonObject(0))
          .isEqualTo(new JsonObject().put("url", "/"));
    }
  }

  @Test
  void fileIsWhole() {
    try (UnstartedGateway gateway = UnstartedGateway.of(EVERYTHING)) {
      OpenApiFile file = served(gateway, gateway.opsPort());
      Set<String> names = new HashSet<>();

      eachObject(file.root(), (at, object) -> file.resolved(object));
      assertThat(file.root().getString("openapi")).startsWith("3.1.");
      for (String path : file.paths().fieldNames()) {
        JsonObject item = file.paths().getJsonObject(path);
        for (String method : OpenApiFile.METHODS) {
          if (item.containsKey(method)) {
            JsonObject operation = item.getJsonObject(method);
            assertThat(names.add(operation.getString("operationId"))).as(path).isTrue();
            assertThat(operation.containsKey("security")).as(path).isTrue();
            assertThat(pathParameters(file, operation)).as(path).isEqualTo(parametersIn(path));
            operation
                .getJsonObject("responses")
                .forEach(
                    status ->
                        assertThat(
                                file.resolved(OpenApiFile.object(status.getValue()))
                                    .getString("description"))
                            .as(path + " " + status.getKey())
                            .isNotBlank());
          }
        }
      }
    }
  }

  /** Examples are what people copy. */
  @Test
  void everyExampleFitsItsSchema() {
    try (UnstartedGateway gateway = UnstartedGateway.of(EVERYTHING)) {
      OpenApiFile file = served(gateway, gateway.opsPort());
      List<String> problems = new ArrayList<>();
      List<Object> checked = new ArrayList<>();

      eachObject(
          file.root(),
          (at, object) -> {
            JsonObject schema = schemaBesideExamples(object);
            if (schema != null) {
              List<Object> examples = examples(object);
              checked.addAll(examples);
              examples.forEach(
                  example -> file.problems(schema, example).forEach(one -> problems.add(at + one)));
            }
          });

      assertThat(problems).isEmpty();
      assertThat(checked).hasSizeGreaterThan(40);
    }
  }

  /** All events of contract 7, each with an example. */
  @Test
  void everyKeyEventIsDescribedWithAnExample() {
    try (UnstartedGateway gateway = UnstartedGateway.of(EVERYTHING)) {
      OpenApiFile file = served(gateway, gateway.opsPort());
      JsonObject content =
          file.root()
              .getJsonObject("webhooks")
              .getJsonObject("keyEvent")
              .getJsonObject("post")
              .getJsonObject("requestBody")
              .getJsonObject("content")
              .getJsonObject("application/json");
      List<Object> documented =
          file
              .resolved(content.getJsonObject("schema"))
              .getJsonObject("properties")
              .getJsonObject("event")
              .getJsonArray("enum")
              .stream()
              .toList();

      assertThat(documented)
          .containsExactlyInAnyOrder(
              "api_key.created",
              "api_key.updated",
              "api_key.rotated",
              "api_key.revoked",
              "api_key.expiring",
              "api_key.limit_reached",
              "webhook.test");
      assertThat(
              examples(content).stream()
                  .map(example -> (Object) ((JsonObject) example).getString("event")))
          .containsExactlyInAnyOrderElementsOf(documented);
    }
  }

  private static OpenApiFile served(UnstartedGateway gateway, int port) {
    var answer = gateway.get(port, "/_maglatch/openapi.yaml");
    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.headers().firstValue("content-type")).contains("application/yaml");
    return new OpenApiFile(answer.body());
  }

  private static @Nullable JsonObject schemaBesideExamples(JsonObject object) {
    Object schema = object.getValue("schema");
    return schema instanceof JsonObject found && !examples(object).isEmpty() ? found : null;
  }

  private static List<Object> examples(JsonObject object) {
    List<Object> all = new ArrayList<>();
    if (object.containsKey("example")) {
      all.add(object.getValue("example"));
    }
    if (object.getValue("examples") instanceof JsonObject named) {
      named.forEach(one -> all.add(OpenApiFile.object(one.getValue()).getValue("value")));
    }
    return all;
  }

  private static void eachObject(JsonObject object, BiConsumer<String, JsonObject> visitor) {
    visit("", object, visitor);
  }

  private static void visit(String at, Object value, BiConsumer<String, JsonObject> visitor) {
    if (value instanceof JsonObject object) {
      visitor.accept(at, object);
      object
          .fieldNames()
          .forEach(
              name -> {
                Object member = object.getValue(name);
                if (member != null) {
                  visit(at + "/" + name, member, visitor);
                }
              });
    } else if (value instanceof JsonArray array) {
      for (int i = 0; i < array.size(); i++) {
        if (array.getValue(i) != null) {
          visit(at + "/" + i, array.getValue(i), visitor);
        }
      }
    }
  }

  private static Set<String> pathParameters(OpenApiFile file, JsonObject operation) {
    Set<String> names = new HashSet<>();
    JsonArray parameters = operation.getJsonArray("parameters", new JsonArray());
    for (int i = 0; i < parameters.size(); i++) {
      JsonObject parameter = file.resolved(parameters.getJsonObject(i));
      if ("path".equals(parameter.getString("in"))) {
        names.add(parameter.getString("name"));
      }
    }
    return names;
  }

  private static Set<String> parametersIn(String path) {
    Set<String> names = new HashSet<>();
    Matcher parameter = PARAMETER.matcher(path);
    while (parameter.find()) {
      names.add(parameter.group(1));
    }
    return names;
  }
}
