// SPDX-License-Identifier: Apache-2.0
package dev.maglatch;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import dev.maglatch.HttpExchange.Answer;
import io.vertx.core.json.DecodeException;
import io.vertx.core.json.Json;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URLDecoder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Compares exchanges with the OpenAPI file: status, content type, headers and body of every answer
 * of an own route at its default path, and query and body of every request that succeeded. Safe on
 * any thread.
 */
public final class DocumentedTraffic {
  private static final OpenApiFile FILE = load();
  private static final String PUBLIC = "public";
  private static final Pattern PARAMETER = Pattern.compile("\\{[^}]+}");

  /** Said once for all routes, in the file's description. */
  private static final Set<String> EVERYWHERE = Set.of("400", "431");

  private final Set<String> seen = new ConcurrentSkipListSet<>();

  private final String listener;

  private DocumentedTraffic(String listener) {
    this.listener = listener;
  }

  /** Returns a comparison for the public listener. */
  static DocumentedTraffic ofPublicListener() {
    return new DocumentedTraffic(PUBLIC);
  }

  /** Returns a comparison for the listener for operators. */
  static DocumentedTraffic ofOpsListener() {
    return new DocumentedTraffic("ops");
  }

  /** Fails if an exchange with the public listener is not as documented. */
  public static void assertDocumented(HttpExchange exchange) {
    assertThat(ofPublicListener().problems(exchange)).isEmpty();
  }

  /** Returns {@code METHOD /path status} for all that the file says of this listener. */
  Set<String> documented() {
    Set<String> all = new TreeSet<>();
    for (String route : FILE.routes(listener)) {
      String[] words = route.split(" ", 2);
      JsonObject operation = operation(words[1], words[0]);
      operation
          .getJsonObject("responses")
          .fieldNames()
          .forEach(status -> all.add(route + " " + status));
    }
    return all;
  }

  /** Returns {@code METHOD /path} for all routes that read JSON. */
  Set<String> routesWithBody() {
    Set<String> routes = FILE.routes(listener);
    routes.removeIf(
        route ->
            !operation(route.split(" ", 2)[1], route.split(" ", 2)[0]).containsKey("requestBody"));
    return routes;
  }

  /** Returns the examples of what {@code METHOD /path} takes; none if it takes nothing. */
  List<JsonObject> requestExamples(String route) {
    JsonObject operation = operation(route.split(" ", 2)[1], route.split(" ", 2)[0]);
    if (!operation.containsKey("requestBody")) {
      return List.of();
    }
    JsonObject media =
        FILE.resolved(operation.getJsonObject("requestBody"))
            .getJsonObject("content")
            .getJsonObject("application/json");
    List<JsonObject> examples = new ArrayList<>();
    if (media.containsKey("example")) {
      examples.add(media.getJsonObject("example"));
    }
    media
        .getJsonObject("examples", new JsonObject())
        .forEach(one -> examples.add(OpenApiFile.object(one.getValue()).getJsonObject("value")));
    return examples;
  }

  /** Returns those of the same form that were seen and are documented. */
  Set<String> seen() {
    return seen;
  }

  /** Returns what is not as documented; nothing for what is no own route. */
  List<String> problems(HttpExchange exchange) {
    Answer answer = exchange.answer();
    String path = template(exchange.path());
    if (path == null || answer == null || exchange.method().equals("OPTIONS")) {
      return List.of();
    }
    List<String> problems = new ArrayList<>();
    JsonObject item = FILE.paths().getJsonObject(path);
    if (listener.equals(PUBLIC)) {
      everywhere(answer, problems);
    }
    String method = method(exchange, item);
    if (!item.containsKey(method.toLowerCase(Locale.ROOT))) {
      withoutMethod(exchange, answer, item, problems);
    } else {
      documented(exchange, answer, method, path, problems);
    }
    String where = exchange.method() + " " + exchange.target() + " " + answer.status() + ": ";
    return problems.stream().map(problem -> where + problem).toList();
  }

  private void documented(
      HttpExchange exchange, Answer answer, String method, String path, List<String> problems) {
    JsonObject operation = operation(path, method);
    String status = String.valueOf(answer.status());
    JsonObject response = operation.getJsonObject("responses").getJsonObject(status);
    if (response == null) {
      if (EVERYWHERE.contains(status) && operation.getJsonObject("responses").containsKey("500")) {
        body(exchange, answer, response(operation, "500"), problems);
      } else {
        problems.add("this status is not documented: " + answer.body());
      }
      return;
    }
    seen.add(method + " " + path + " " + status);
    headers(answer, FILE.resolved(response), problems);
    body(exchange, answer, FILE.resolved(response), problems);
    if (answer.status() < 300) {
      query(exchange, operation, problems);
      requestBody(exchange, operation, problems);
    }
  }

  private static void everywhere(Answer answer, List<String> problems) {
    if (answer.header("X-Request-Id") == null) {
      problems.add("X-Request-Id is missing");
    }
    if (answer.status() == 401 && answer.header("WWW-Authenticate") == null) {
      problems.add("WWW-Authenticate is missing");
    }
    if ((answer.status() == 429 || answer.status() == 503)
        && answer.header("Retry-After") == null) {
      problems.add("Retry-After is missing");
    }
    if (answer.header("Cache-Control") == null) {
      problems.add("Cache-Control is missing");
    }
  }

  /** 405 with {@code Allow} in the shape of that route's other errors, or a refusal before that. */
  private static void withoutMethod(
      HttpExchange exchange, Answer answer, JsonObject item, List<String> problems) {
    if (answer.status() == 405 && answer.header("Allow") == null) {
      problems.add("Allow is missing");
    }
    if (answer.status() != 405 && answer.status() != 400) {
      problems.add("a method that is not documented");
    }
    OpenApiFile.METHODS.stream()
        .filter(item::containsKey)
        .map(item::getJsonObject)
        .filter(operation -> operation.getJsonObject("responses").containsKey("500"))
        .findAny()
        .ifPresent(operation -> body(exchange, answer, response(operation, "500"), problems));
  }

  private static void headers(Answer answer, JsonObject response, List<String> problems) {
    JsonObject headers = response.getJsonObject("headers", new JsonObject());
    for (String name : headers.fieldNames()) {
      JsonObject header = FILE.resolved(headers.getJsonObject(name));
      String value = answer.header(name);
      if (value == null) {
        if (header.getBoolean("required", false)) {
          problems.add(name + " is missing");
        }
      } else {
        JsonObject schema = FILE.resolved(header.getJsonObject("schema"));
        FILE.problems(schema, typed(schema, value))
            .forEach(problem -> problems.add(name + ": " + problem));
      }
    }
  }

  private static void body(
      HttpExchange exchange, Answer answer, JsonObject response, List<String> problems) {
    JsonObject content = response.getJsonObject("content", new JsonObject());
    if (content.isEmpty()) {
      if (!answer.body().isEmpty()) {
        problems.add("a body is not documented: " + answer.body());
      }
      return;
    }
    String type = mediaType(answer.header("Content-Type"));
    if (!content.containsKey(type)) {
      problems.add("content type " + type + " is not documented");
    } else if (!exchange.method().equals("HEAD") && type.equals("application/json")) {
      json(content.getJsonObject(type), answer.body(), problems);
    }
  }

  private static void query(HttpExchange exchange, JsonObject operation, List<String> problems) {
    Map<String, String> sent = query(exchange.query());
    JsonArray parameters = operation.getJsonArray("parameters", new JsonArray());
    for (int i = 0; i < parameters.size(); i++) {
      JsonObject parameter = FILE.resolved(parameters.getJsonObject(i));
      if ("query".equals(parameter.getString("in"))) {
        String value = sent.get(parameter.getString("name"));
        JsonObject schema = FILE.resolved(parameter.getJsonObject("schema"));
        if (value == null && parameter.getBoolean("required", false)) {
          problems.add("accepted without ?" + parameter.getString("name"));
        } else if (value != null) {
          FILE.problems(schema, typed(schema, value))
              .forEach(one -> problems.add("accepted, in the query: " + one));
        }
      }
    }
  }

  private static void requestBody(
      HttpExchange exchange, JsonObject operation, List<String> problems) {
    if (exchange.requestBody() == null || !operation.containsKey("requestBody")) {
      return;
    }
    JsonObject documented = FILE.resolved(operation.getJsonObject("requestBody"));
    if (!exchange.hasRequestBody()) {
      if (documented.getBoolean("required", false)) {
        problems.add("accepted without a body");
      }
      return;
    }
    List<String> wrong = new ArrayList<>();
    json(
        documented.getJsonObject("content").getJsonObject("application/json"),
        exchange.requestBody(),
        wrong);
    wrong.forEach(problem -> problems.add("accepted, in the request: " + problem));
  }

  private static void json(JsonObject media, String body, List<String> problems) {
    try {
      problems.addAll(FILE.problems(media.getJsonObject("schema"), Json.decodeValue(body)));
    } catch (DecodeException malformed) {
      problems.add("no JSON: " + body);
    }
  }

  private static Object typed(JsonObject schema, String value) {
    return "integer".equals(schema.getValue("type")) && value.matches("-?\\d{1,18}")
        ? (Object) Long.valueOf(value)
        : value;
  }

  private static Map<String, String> query(String query) {
    Map<String, String> values = new HashMap<>();
    for (String pair : query.split("&", -1)) {
      String[] sides = pair.split("=", 2);
      values.putIfAbsent(
          URLDecoder.decode(sides[0], UTF_8),
          sides.length == 1 ? "" : URLDecoder.decode(sides[1], UTF_8));
    }
    return values;
  }

  private static String mediaType(@Nullable String contentType) {
    return contentType == null ? "none" : contentType.split(";", 2)[0].strip();
  }

  /** HEAD is answered as GET is, and so is every method where {@code x-any-method} says it. */
  private static String method(HttpExchange exchange, JsonObject item) {
    return exchange.method().equals("HEAD") || item.getBoolean("x-any-method", false)
        ? "GET"
        : exchange.method();
  }

  private static JsonObject operation(String path, String method) {
    return requireNonNull(
        FILE.paths().getJsonObject(path).getJsonObject(method.toLowerCase(Locale.ROOT)), path);
  }

  private static JsonObject response(JsonObject operation, String status) {
    return FILE.resolved(operation.getJsonObject("responses").getJsonObject(status));
  }

  /** Returns the documented path that {@code path} is one of, literal ones first, or null. */
  private @Nullable String template(String path) {
    if (answers(path)) {
      return path;
    }
    return FILE.paths().fieldNames().stream()
        .filter(template -> template.contains("{") && answers(template) && fits(template, path))
        .findFirst()
        .orElse(null);
  }

  private boolean answers(String path) {
    JsonObject item = FILE.paths().getJsonObject(path);
    return item != null
        && item.getJsonArray("x-listeners", new JsonArray().add(PUBLIC)).contains(listener);
  }

  private static boolean fits(String template, String path) {
    String literals =
        PARAMETER.splitAsStream(template).map(Pattern::quote).collect(Collectors.joining("[^/]+"));
    String last = template.endsWith("{path}") ? ".+" : template.endsWith("}") ? "[^/]+" : "";
    return path.matches(literals + last);
  }

  private static OpenApiFile load() {
    try (InputStream file = DocumentedTraffic.class.getResourceAsStream("/openapi/maglatch.yaml")) {
      return new OpenApiFile(
          new String(requireNonNull(file, "openapi/maglatch.yaml").readAllBytes(), UTF_8));
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }
}
