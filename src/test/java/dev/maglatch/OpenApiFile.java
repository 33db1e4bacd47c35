// SPDX-License-Identifier: Apache-2.0
package dev.maglatch;

import static java.util.Objects.requireNonNull;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/** The OpenAPI file as it was served, and what it says about values. */
final class OpenApiFile {
  static final Set<String> METHODS = Set.of("get", "post", "put", "patch", "delete");
  private static final Pattern UUID =
      Pattern.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}");

  private final JsonObject root;

  @SuppressWarnings("unchecked") // a YAML mapping with text keys
  OpenApiFile(String yaml) {
    this.root =
        new JsonObject(
            (Map<String, Object>) new Load(LoadSettings.builder().build()).loadFromString(yaml));
  }

  JsonObject root() {
    return root;
  }

  JsonObject paths() {
    return root.getJsonObject("paths");
  }

  /** Returns {@code GET /path} for everything that {@code listener} is said to answer. */
  Set<String> routes(String listener) {
    Set<String> routes = new TreeSet<>();
    for (String path : paths().fieldNames()) {
      JsonObject item = paths().getJsonObject(path);
      if (item.getJsonArray("x-listeners", new JsonArray().add("public")).contains(listener)) {
        METHODS.stream()
            .filter(item::containsKey)
            .forEach(method -> routes.add(method.toUpperCase(Locale.ROOT) + " " + path));
      }
    }
    return routes;
  }

  /**
   * Follows {@code $ref} until there is none. Throws {@link NullPointerException} at a dead end.
   */
  JsonObject resolved(JsonObject object) {
    JsonObject at = object;
    while (at.getString("$ref") != null) {
      String reference = at.getString("$ref");
      at = root;
      for (String name : reference.substring(2).split("/", -1)) {
        at = requireNonNull(at.getJsonObject(name), reference);
      }
    }
    return at;
  }

  /** Returns what is wrong with {@code value}, by the schemas of this file. */
  List<String> problems(JsonObject schema, @Nullable Object value) {
    List<String> problems = new ArrayList<>();
    check(resolved(schema), value, "$", problems);
    return problems;
  }

  private void check(JsonObject schema, @Nullable Object value, String at, List<String> problems) {
    alternatives(schema, value, at, problems);
    Object type = schema.getValue("type");
    if (type != null && !hasType(type, value)) {
      problems.add(at + ": " + value + " is no " + type);
      return;
    }
    if (schema.containsKey("const") && !schema.getValue("const").equals(value)) {
      problems.add(at + ": " + value + " is not " + schema.getValue("const"));
    }
    if (schema.containsKey("enum") && !schema.getJsonArray("enum").contains(value)) {
      problems.add(at + ": " + value + " is none of " + schema.getJsonArray("enum"));
    }
    if (value instanceof String text) {
      text(schema, text, at, problems);
    } else if (value instanceof JsonObject object) {
      members(schema, object, at, problems);
    } else if (value instanceof JsonArray array) {
      items(schema, array, at, problems);
    } else if (value instanceof Number number) {
      number(schema, number.longValue(), at, problems);
    }
  }

  private void items(JsonObject schema, JsonArray value, String at, List<String> problems) {
    if (value.size() < schema.getInteger("minItems", 0)
        || value.size() > schema.getInteger("maxItems", Integer.MAX_VALUE)) {
      problems.add(at + ": has " + value.size() + " items");
    }
    if (schema.containsKey("items")) {
      value.forEach(
          item -> check(resolved(schema.getJsonObject("items")), item, at + "[]", problems));
    }
  }

  private static void number(JsonObject schema, long value, String at, List<String> problems) {
    if (value < schema.getLong("minimum", Long.MIN_VALUE)
        || value > schema.getLong("maximum", Long.MAX_VALUE)) {
      problems.add(at + ": " + value + " is out of range");
    }
  }

  private void alternatives(
      JsonObject schema, @Nullable Object value, String at, List<String> problems) {
    for (String word : List.of("oneOf", "anyOf")) {
      JsonArray all = schema.getJsonArray(word);
      if (all == null) {
        continue;
      }
      long fitting = all.stream().filter(one -> problems(object(one), value).isEmpty()).count();
      if (fitting == 0 || (fitting > 1 && word.equals("oneOf"))) {
        problems.add(at + ": " + fitting + " of " + word + " fit " + value);
      }
    }
  }

  private void members(JsonObject schema, JsonObject value, String at, List<String> problems) {
    JsonObject known = schema.getJsonObject("properties", new JsonObject());
    schema.getJsonArray("required", new JsonArray()).stream()
        .filter(name -> !value.containsKey((String) name))
        .forEach(name -> problems.add(at + "." + name + " is missing"));
    for (String name : value.fieldNames()) {
      if (known.containsKey(name)) {
        check(resolved(known.getJsonObject(name)), value.getValue(name), at + "." + name, problems);
      } else if (Boolean.FALSE.equals(schema.getValue("additionalProperties"))) {
        problems.add(at + "." + name + " is not documented");
      }
    }
  }

  private static void text(JsonObject schema, String value, String at, List<String> problems) {
    String pattern = schema.getString("pattern");
    String format = schema.getString("format", "");
    int length = value.codePointCount(0, value.length());
    if (length < schema.getInteger("minLength", 0)
        || length > schema.getInteger("maxLength", Integer.MAX_VALUE)) {
      problems.add(at + ": has " + length + " characters");
    }
    boolean good =
        switch (format) {
          case "uuid" -> UUID.matcher(value).matches();
          case "date-time" -> isTime(value);
          default -> true;
        };
    if (!good || (pattern != null && !Pattern.compile(pattern).matcher(value).find())) {
      problems.add(at + ": " + value + " is no " + format + pattern);
    }
  }

  private static boolean isTime(String value) {
    try {
      return OffsetDateTime.parse(value) != null;
    } catch (DateTimeParseException wrong) {
      return false;
    }
  }

  private static boolean hasType(Object type, @Nullable Object value) {
    if (type instanceof JsonArray types) {
      return types.stream().anyMatch(one -> hasType(one, value));
    }
    return switch ((String) type) {
      case "null" -> value == null;
      case "string" -> value instanceof String;
      case "boolean" -> value instanceof Boolean;
      case "integer" -> value instanceof Integer || value instanceof Long;
      case "number" -> value instanceof Number;
      case "array" -> value instanceof JsonArray;
      case "object" -> value instanceof JsonObject;
      default -> throw new IllegalArgumentException("unknown type " + type);
    };
  }

  @SuppressWarnings("unchecked") // a YAML mapping with text keys
  static JsonObject object(Object value) {
    return value instanceof JsonObject object
        ? object
        : new JsonObject((Map<String, Object>) value);
  }
}
