// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.api;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A path whose segments are literal or, in braces, named parameters. Immutable. */
final class PathTemplate {
  private final List<String> segments;
  private final String literalPrefix;

  /** Throws {@link IllegalArgumentException} unless {@code text} begins with a slash. */
  PathTemplate(String text) {
    if (!text.startsWith("/")) {
      throw new IllegalArgumentException("path: " + text + " (expected: begins with /)");
    }
    this.segments = List.of(text.substring(1).split("/", -1));
    int brace = text.indexOf('{');
    this.literalPrefix = brace < 0 ? text : text.substring(0, brace);
  }

  boolean hasParameters() {
    return segments.stream().anyMatch(PathTemplate::isParameter);
  }

  /** Returns the parameters of {@code path} by name, or null if it does not match. */
  @Nullable Map<String, String> match(String path) {
    if (!path.startsWith(literalPrefix)) {
      return null;
    }
    String[] found = path.substring(1).split("/", -1);
    if (found.length != segments.size()) {
      return null;
    }
    Map<String, String> parameters = new HashMap<>();
    for (int i = 0; i < found.length; i++) {
      if (!matches(segments.get(i), found[i], parameters)) {
        return null;
      }
    }
    return parameters;
  }

  private static boolean matches(String segment, String found, Map<String, String> parameters) {
    if (!isParameter(segment)) {
      return segment.equals(found);
    }
    parameters.put(segment.substring(1, segment.length() - 1), found);
    return !found.isEmpty();
  }

  private static boolean isParameter(String segment) {
    return segment.startsWith("{") && segment.endsWith("}");
  }
}
