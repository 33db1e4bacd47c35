// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.api.organization;

import dev.maglatch.api.Ids;
import dev.maglatch.manage.TextRule;
import dev.maglatch.manage.TimeRule;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Reads the members of one JSON object. A bad one leaves a complaint and yields a stand-in, so that
 * a reader reads on; whoever asked looks at {@link #complaint} before using what was read.
 */
final class Fields {
  private static final Pattern RFC_3339 =
      Pattern.compile(
          "\\d{4}-\\d\\d-\\d\\d[Tt]\\d\\d:\\d\\d:\\d\\d(\\.\\d{1,9})?([Zz]|[+-]\\d\\d:\\d\\d)");

  private final JsonObject object;
  private @Nullable String complaint;

  Fields(JsonObject object) {
    this.object = object;
  }

  /** Returns what was wrong first, fit to be shown; null if nothing was. */
  @Nullable String complaint() {
    return complaint;
  }

  void complain(String text) {
    if (complaint == null) {
      complaint = text;
    }
  }

  boolean has(String name) {
    return object.containsKey(name);
  }

  /** Complains about a member that is not one of {@code known}. */
  void refuseOthersThan(Set<String> known) {
    for (String name : object.fieldNames()) {
      if (!known.contains(name)) {
        complain("Unknown field; known are " + String.join(", ", known.stream().sorted().toList()));
      }
    }
  }

  /** Returns a name of 1 to 64 characters, without the white space around it. */
  String name(String name) {
    String text = object.getValue(name) instanceof String sent ? TextRule.trim(sent) : "";
    if (text.isEmpty() || !TextRule.accepts(text, TextRule.MAX_NAME)) {
      complain(name + " must be a text of 1 to 64 characters");
    }
    return text;
  }

  /** Returns a text of at most 1,024 characters; null for none. */
  @Nullable String description(String name) {
    Object value = object.getValue(name);
    if (value == null) {
      return null;
    }
    if (value instanceof String text && TextRule.accepts(text, TextRule.MAX_DESCRIPTION)) {
      return text;
    }
    complain(name + " must be a text of at most 1024 characters, or null");
    return null;
  }

  /** Returns a time after {@code now}, in whole microseconds; null for none. */
  @Nullable Instant future(String name, Instant now) {
    Object value = object.getValue(name);
    Instant time = value instanceof String text ? parsed(text) : null;
    if (value != null && (time == null || !time.isAfter(now))) {
      complain(name + " must be an RFC 3339 time in the future, or null");
    }
    return time;
  }

  /** Returns a time, in whole microseconds; null for none. */
  @Nullable Instant time(String name) {
    Object value = object.getValue(name);
    Instant time = value instanceof String text ? parsed(text) : null;
    if (value != null && time == null) {
      complain(name + " must be an RFC 3339 time, or null");
    }
    return time;
  }

  /** Returns one of {@code choices}; the first one is the stand-in. */
  String choice(String name, List<String> choices) {
    if (object.getValue(name) instanceof String text && choices.contains(text)) {
      return text;
    }
    complain(name + " must be " + String.join(" or ", choices));
    return choices.get(0);
  }

  /** Returns an id; null for none. */
  @Nullable UUID id(String name) {
    Object value = object.getValue(name);
    UUID id = value instanceof String text ? Ids.uuid(text) : null;
    if (value != null && id == null) {
      complain(name + " must be a UUID, or null");
    }
    return id;
  }

  /** Returns a number from {@code min} to {@code max}, or {@code absent} if there is none. */
  int integer(String name, int absent, int min, int max) {
    Object value = object.getValue(name);
    if (value == null) {
      return absent;
    }
    if (value instanceof Integer number && number >= min && number <= max) {
      return number;
    }
    complain(name + " must be a whole number from " + min + " to " + max);
    return absent;
  }

  /** Returns a list of texts; a null member or one that is no list of texts yields null. */
  @Nullable List<String> texts(String name, String expectation) {
    Object value = object.getValue(name);
    if (value == null) {
      return null;
    }
    if (!(value instanceof JsonArray array)) {
      complain(expectation);
      return null;
    }
    List<String> texts = new ArrayList<>();
    for (Object item : array) {
      if (!(item instanceof String text)) {
        complain(expectation);
        return null;
      }
      texts.add(text);
    }
    return texts;
  }

  /** Returns the members of an object; null for none. */
  @Nullable Fields object(String name, String expectation) {
    Object value = object.getValue(name);
    if (value instanceof JsonObject inner) {
      return new Fields(inner);
    }
    if (value != null) {
      complain(expectation);
    }
    return null;
  }

  /** Returns a text as it was sent; the empty text if it is missing, empty or no text. */
  String text(String name) {
    if (object.getValue(name) instanceof String text && !text.isEmpty()) {
      return text;
    }
    complain(name + " is required");
    return "";
  }

  private static @Nullable Instant parsed(String text) {
    Instant time = RFC_3339.matcher(text).matches() ? TimeRule.parsed(text) : null;
    return time == null ? null : time.truncatedTo(ChronoUnit.MICROS);
  }
}
