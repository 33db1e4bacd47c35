// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.dashboard;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.net.URLDecoder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What somebody filled in: the fields of a form, or of a query. Immutable. */
final class Form {
  static final Form EMPTY = new Form(Map.of());
  private static final int MAX_PAGE = 10_000;

  private final Map<String, List<String>> fields;

  private Form(Map<String, List<String>> fields) {
    this.fields = fields;
  }

  /** Reads {@code application/x-www-form-urlencoded}. A value that cannot be decoded is kept. */
  static Form of(@Nullable String encoded) {
    if (encoded == null || encoded.isEmpty()) {
      return EMPTY;
    }
    Map<String, List<String>> fields = new HashMap<>();
    for (String pair : encoded.split("&", -1)) {
      int equals = pair.indexOf('=');
      String name = decoded(equals < 0 ? pair : pair.substring(0, equals));
      String value = equals < 0 ? "" : decoded(pair.substring(equals + 1));
      fields.computeIfAbsent(name, first -> new ArrayList<>()).add(value);
    }
    return new Form(fields);
  }

  /** Returns a form with these fields. */
  static Form filled(Map<String, String> values) {
    Map<String, List<String>> fields = new HashMap<>();
    values.forEach((name, value) -> fields.put(name, List.of(value)));
    return new Form(fields);
  }

  /** Returns the first value as it was sent; empty if there is none. */
  String raw(String name) {
    List<String> values = fields.get(name);
    return values == null ? "" : values.get(0);
  }

  /** Returns the first value without the white space around it; empty if there is none. */
  String text(String name) {
    return raw(name).strip();
  }

  /** Returns the page of a list that {@code page} names; the first one if it names none. */
  int page() {
    try {
      return Math.max(1, Math.min(MAX_PAGE, Integer.parseInt(text("page"))));
    } catch (NumberFormatException none) {
      return 1;
    }
  }

  /** Returns the constant of that name, in any case, or null. */
  <E extends Enum<E>> @Nullable E choice(String name, Class<E> type) {
    String chosen = text(name);
    for (E constant : type.getEnumConstants()) {
      if (constant.name().equalsIgnoreCase(chosen)) {
        return constant;
      }
    }
    return null;
  }

  private static String decoded(String text) {
    try {
      return URLDecoder.decode(text, UTF_8);
    } catch (IllegalArgumentException malformed) {
      return text;
    }
  }
}
