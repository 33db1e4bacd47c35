// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import dev.maglatch.settings.Section;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What becomes of a request's path on its way to the upstream. Immutable.
 *
 * <p>Works on the raw path, which its route's pattern has taken, so escapes stay as they were sent.
 * The query is never touched.
 */
sealed interface PathRewrite {
  /**
   * Returns what is asked of the upstream.
   *
   * @param target path and perhaps query; the path is one that the route takes
   */
  String target(String target);

  /** Returns this as people write it. */
  String text();

  /**
   * Reads {@code rewrite} and {@code strip-prefix}, of which a route may have one; null if it has
   * none, or one that is noted as a problem.
   */
  static @Nullable PathRewrite read(Section section, PathPattern path) {
    String rewrite = section.text("rewrite");
    String strip = section.text("strip-prefix");
    if (rewrite != null && strip != null) {
      section.problem("strip-prefix", "not set when rewrite is");
      return null;
    }
    if (strip != null) {
      return readStrip(section, strip, path);
    }
    return rewrite == null ? null : readRewrite(section, rewrite, path);
  }

  private static @Nullable PathRewrite readStrip(Section section, String strip, PathPattern path) {
    String prefix = strip.endsWith("/") ? strip.substring(0, strip.length() - 1) : strip;
    boolean literal =
        prefix.startsWith("/") && prefix.indexOf('{') < 0 && PathRules.isPlain(prefix);
    if (!literal || !PathPattern.prefix(prefix).covers(path)) {
      section.problem("strip-prefix", "what every path of the route begins with, such as /v1");
      return null;
    }
    return new Leading(prefix, "");
  }

  private static @Nullable PathRewrite readRewrite(
      Section section, String rewrite, PathPattern path) {
    if (!rewrite.startsWith("/") || !isWritable(rewrite)) {
      section.problem("rewrite", "a path such as /v2/orders, without escapes or empty parts");
      return null;
    }
    if (path.kind() == PathPattern.Kind.TEMPLATE) {
      return readTemplate(section, rewrite, path);
    }
    if (rewrite.indexOf('{') >= 0) {
      section.problem("rewrite", "a path without variables, since the route's path has none");
      return null;
    }
    boolean open = path.kind() == PathPattern.Kind.PREFIX && rewrite.endsWith("/");
    return new Leading(path.text(), open ? rewrite.substring(0, rewrite.length() - 1) : rewrite);
  }

  private static @Nullable PathRewrite readTemplate(
      Section section, String rewrite, PathPattern path) {
    List<String> parts = List.of(rewrite.substring(1).split("/", -1));
    for (String part : parts) {
      boolean known = path.segments().contains(part);
      if (part.indexOf('{') >= 0 && !(PathPattern.isVariable(part) && known)) {
        section.problem("rewrite", "with variables of the route's path, each a whole part");
        return null;
      }
    }
    return new Template(parts, path.segments());
  }

  private static boolean isWritable(String path) {
    return PathRules.isPlain(path)
        && path.chars()
            .allMatch(c -> Characters.OF_TARGET.contains((char) c) || c == '{' || c == '}')
        && path.indexOf('?') < 0;
  }

  private static int endOfPath(String target) {
    int mark = target.indexOf('?');
    return mark < 0 ? target.length() : mark;
  }

  /**
   * Puts {@code by} in the place of what the path begins with.
   *
   * @param prefix what every path of the route begins with, literally
   */
  record Leading(String prefix, String by) implements PathRewrite {
    @Override
    public String target(String target) {
      int end = endOfPath(target);
      if (!by.isEmpty()) {
        return by + target.substring(prefix.length());
      }
      int rest = prefix.length();
      while (rest < end && target.charAt(rest) == '/') {
        rest++; // a target that begins with two slashes could be read as a host
      }
      return "/" + target.substring(rest);
    }

    @Override
    public String text() {
      return prefix + " -> " + (by.isEmpty() ? "/" : by);
    }
  }

  /**
   * Makes a new path of the variables of the old one.
   *
   * @param parts of the new path
   * @param segments of the template that took the old one
   */
  record Template(List<String> parts, List<String> segments) implements PathRewrite {
    @Override
    public String target(String target) {
      int end = endOfPath(target);
      StringBuilder made = new StringBuilder(target.length() + 16);
      for (String part : parts) {
        made.append('/');
        int index = PathPattern.isVariable(part) ? segments.indexOf(part) : -1;
        if (index < 0) {
          made.append(part);
        } else {
          appendSegment(made, target, index, end);
        }
      }
      return made.append(target, end, target.length()).toString();
    }

    private static void appendSegment(StringBuilder made, String target, int index, int end) {
      int start = 1;
      for (int i = 0; i < index; i++) {
        start = PathPattern.endOfSegment(target, start, end) + 1;
      }
      made.append(target, start, PathPattern.endOfSegment(target, start, end));
    }

    @Override
    public String text() {
      return "-> /" + String.join("/", parts);
    }
  }
}
