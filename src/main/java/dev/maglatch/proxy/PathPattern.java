// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import java.util.List;
import java.util.Objects;

/**
 * Which paths a route takes. Immutable.
 *
 * <p>A prefix is cut at a slash: {@code /a} takes {@code /a} and {@code /a/b}, and not {@code /ab}.
 * An exact path takes itself alone. A template is exact but for its variables: each stands for one
 * whole segment that is not empty.
 */
public final class PathPattern {
  /** Takes every path. */
  public static final PathPattern ALL = prefix("");

  private final Kind kind;
  private final String text;
  private final List<String> segments;

  private PathPattern(Kind kind, String text) {
    this.kind = kind;
    this.text = text;
    this.segments =
        text.isEmpty() ? List.of() : List.of(text.substring(1).split("/", -1)); // "/" has one
  }

  /** How the text of a pattern is understood. */
  public enum Kind {
    PREFIX,
    EXACT,
    TEMPLATE
  }

  /**
   * Returns the pattern of a path and everything below it.
   *
   * @param text starts with a slash and ends with none; empty takes every path
   */
  public static PathPattern prefix(String text) {
    return new PathPattern(Kind.PREFIX, text);
  }

  /**
   * Returns the pattern of one path.
   *
   * @param text starts with a slash
   */
  public static PathPattern exact(String text) {
    return new PathPattern(Kind.EXACT, text);
  }

  /**
   * Returns the pattern of paths that differ in some of their segments.
   *
   * @param text starts with a slash; segments in braces are variables
   */
  public static PathPattern template(String text) {
    return new PathPattern(Kind.TEMPLATE, text);
  }

  Kind kind() {
    return kind;
  }

  /** Returns what the path of a request begins with, or is, variables in braces. */
  public String text() {
    return text;
  }

  List<String> segments() {
    return segments;
  }

  static boolean isVariable(String segment) {
    return segment.startsWith("{") && segment.endsWith("}");
  }

  /** Whether this takes {@code path}. Allocates nothing. */
  public boolean matches(String path) {
    return switch (kind) {
      case PREFIX -> takes(path, path.length(), text.length(), false);
      case EXACT -> path.equals(text);
      case TEMPLATE -> fits(path, path.length(), false);
    };
  }

  /**
   * Whether this takes {@code path} in the eyes of a reader who does not care for case, nor for a
   * slash at the end.
   */
  boolean resembles(String path) {
    int end = withoutSlash(path);
    return switch (kind) {
      case PREFIX -> takes(path, end, text.length(), true);
      case EXACT ->
          end == withoutSlash(text) && path.regionMatches(true, 0, text, 0, withoutSlash(text));
      case TEMPLATE -> fits(path, end, true);
    };
  }

  /** Whether every path that {@code other} takes is taken by this one. */
  boolean covers(PathPattern other) {
    int length = segments.size();
    boolean open = kind == Kind.PREFIX;
    if (open ? other.segments.size() < length : other.segments.size() != length) {
      return false;
    }
    if (!open && other.kind == Kind.PREFIX) {
      return false;
    }
    for (int i = 0; i < length; i++) {
      if (!coversSegment(segments.get(i), other.segments.get(i))) {
        return false;
      }
    }
    return true;
  }

  /** Returns the index of the first variable; the number of segments if there is none. */
  int firstVariable() {
    int index = 0;
    while (index < segments.size() && !isVariable(segments.get(index))) {
      index++;
    }
    return index;
  }

  private static boolean coversSegment(String mine, String other) {
    return isVariable(mine) ? !other.isEmpty() : mine.equals(other);
  }

  private boolean takes(String path, int end, int length, boolean ignoreCase) {
    return end >= length
        && path.regionMatches(ignoreCase, 0, text, 0, length)
        && (end == length || path.charAt(length) == '/');
  }

  private boolean fits(String path, int end, boolean ignoreCase) {
    int at = 0;
    for (int i = 0; i < segments.size(); i++) {
      if (at == end || path.charAt(at) != '/') {
        return false;
      }
      int start = at + 1;
      at = endOfSegment(path, start, end);
      if (!fitsSegment(segments.get(i), path, start, at, ignoreCase)) {
        return false;
      }
    }
    return at == end;
  }

  private static boolean fitsSegment(
      String segment, String path, int start, int end, boolean ignoreCase) {
    return isVariable(segment)
        ? end > start
        : end - start == segment.length()
            && path.regionMatches(ignoreCase, start, segment, 0, segment.length());
  }

  /** Returns where the segment of {@code path} ends that begins at {@code start}. */
  static int endOfSegment(String path, int start, int end) {
    int slash = path.indexOf('/', start);
    return slash < 0 || slash > end ? end : slash;
  }

  private static int withoutSlash(String path) {
    return path.endsWith("/") ? path.length() - 1 : path.length();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof PathPattern pattern
        && kind == pattern.kind
        && text.equals(pattern.text);
  }

  @Override
  public int hashCode() {
    return Objects.hash(kind, text);
  }

  /** Returns this as people write it: a prefix ends with a star. */
  @Override
  public String toString() {
    return kind == Kind.PREFIX ? text + "/*" : text;
  }
}
