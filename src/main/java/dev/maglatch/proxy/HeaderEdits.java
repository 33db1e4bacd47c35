// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import dev.maglatch.http.RequestIds;
import dev.maglatch.settings.Section;
import io.netty.util.AsciiString;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Header fields that a route takes away and adds. Immutable.
 *
 * @param dropped names, in lower case, of fields that do not pass
 * @param added fields that are there beside what passes
 */
record HeaderEdits(List<String> dropped, List<Field> added) {
  HeaderEdits {
    dropped = List.copyOf(dropped);
    added = List.copyOf(added);
  }

  /** A field as it is written. */
  record Field(String name, String value) {}

  /** Reads {@code request-headers}; null if it says nothing. */
  static @Nullable HeaderEdits ofRequest(Section route) {
    return read(route.section("request-headers"), HeaderEdits::mayChangeRequest);
  }

  /** Reads {@code response-headers}; null if it says nothing. */
  static @Nullable HeaderEdits ofResponse(Section route) {
    return read(route.section("response-headers"), HeaderEdits::mayChangeResponse);
  }

  /** Whether a field of this name does not pass. */
  boolean drops(CharSequence name) {
    for (int i = 0; i < dropped.size(); i++) {
      if (AsciiString.contentEqualsIgnoreCase(dropped.get(i), name)) {
        return true;
      }
    }
    return false;
  }

  /** Returns the names of all fields that are changed, in lower case and alphabetical order. */
  Set<String> names() {
    Set<String> names = new TreeSet<>(dropped);
    added.forEach(field -> names.add(field.name().toLowerCase(Locale.ROOT)));
    return names;
  }

  private static @Nullable HeaderEdits read(Section section, Predicate<String> mayChange) {
    List<String> dropped = new ArrayList<>();
    List<Field> added = new ArrayList<>();
    for (String name : section.texts("remove", List.of())) {
      if (isChangeable(section, "remove", name, mayChange)) {
        dropped.add(name.toLowerCase(Locale.ROOT));
      }
    }
    for (Field field : fields(section, "set", mayChange)) {
      dropped.add(field.name().toLowerCase(Locale.ROOT));
      added.add(field);
    }
    added.addAll(fields(section, "add", mayChange));
    return dropped.isEmpty() && added.isEmpty() ? null : new HeaderEdits(dropped, added);
  }

  private static List<Field> fields(Section section, String key, Predicate<String> mayChange) {
    List<Field> fields = new ArrayList<>();
    for (String line : section.texts(key, List.of())) {
      int colon = line.indexOf(':');
      String value = colon < 0 ? "" : line.substring(colon + 1).strip();
      if (colon < 0 || !isValue(value)) {
        section.problem(key, "a list of fields such as [\"X-Env: production\"]");
      } else if (isChangeable(section, key, line.substring(0, colon).strip(), mayChange)) {
        fields.add(new Field(line.substring(0, colon).strip(), value));
      }
    }
    return fields;
  }

  private static boolean isChangeable(
      Section section, String key, String name, Predicate<String> mayChange) {
    if (!Characters.OF_HEADER_NAME.make(name)) {
      section.problem(key, "header names of letters, digits and dashes");
      return false;
    }
    if (!mayChange.test(name)) {
      section.problem(
          key, "without " + name + ", which is about identity or the connection: not a route's");
      return false;
    }
    return true;
  }

  private static boolean isValue(String value) {
    return !value.isEmpty() && value.chars().allMatch(c -> (c >= ' ' && c < 0x7F) || c == '\t');
  }

  /** The credential may be replaced by one that the upstream knows; it never sees the client's. */
  private static boolean mayChangeRequest(String name) {
    return !HeaderRules.endsHere(name, false)
        && !name.equalsIgnoreCase("trailer")
        && !name.equalsIgnoreCase(RequestIds.HEADER.toString());
  }

  private static boolean mayChangeResponse(String name) {
    return !HeaderRules.staysUpstream(name)
        && !name.equalsIgnoreCase("trailer")
        && !name.equalsIgnoreCase(RequestIds.HEADER.toString());
  }
}
