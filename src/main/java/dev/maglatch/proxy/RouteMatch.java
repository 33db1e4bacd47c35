// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import dev.maglatch.settings.Section;
import io.vertx.core.http.HttpMethod;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Which requests a route takes.
 *
 * @param host null takes every host
 * @param methods empty takes every method
 */
public record RouteMatch(@Nullable HostPattern host, PathPattern path, Set<HttpMethod> methods) {
  /** Takes every request. */
  public static final RouteMatch ALL = new RouteMatch(null, PathPattern.ALL, Set.of());

  private static final Set<String> METHODS =
      Set.of("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS");
  private static final Pattern VARIABLE = Pattern.compile("\\{[a-z][a-z0-9_-]*}");

  public RouteMatch {
    methods = Set.copyOf(methods);
  }

  static RouteMatch read(Section section) {
    return new RouteMatch(readHost(section), readPath(section), readMethods(section));
  }

  /** Whether this takes such a request. */
  boolean matches(HttpMethod method, @Nullable String requestHost, String requestPath) {
    return takes(method, requestHost) && path.matches(requestPath);
  }

  /** As {@link #matches}, by the standards of {@link PathPattern#resembles}. */
  boolean resembles(HttpMethod method, @Nullable String requestHost, String requestPath) {
    return takes(method, requestHost) && path.resembles(requestPath);
  }

  /** Whether this takes every host and path that {@code other} takes. */
  boolean coversPlaceOf(RouteMatch other) {
    return (host == null || (other.host != null && host.covers(other.host)))
        && path.covers(other.path);
  }

  /** Returns this as a name: methods unless all, host unless all, path. */
  String text() {
    String prefix = methods.isEmpty() ? "" : String.join(",", methodNames()) + " ";
    String place = (host == null ? "" : host.text()) + path.text();
    return prefix + (path.kind() == PathPattern.Kind.PREFIX ? place + "/" : place);
  }

  /** Returns the host as it is configured; null for all. */
  public @Nullable String hostText() {
    return host == null ? null : host.text();
  }

  /** Returns the methods by name, in alphabetical order; empty stands for all. */
  public Set<String> methodNames() {
    Set<String> names = new TreeSet<>();
    methods.forEach(method -> names.add(method.name()));
    return names;
  }

  private boolean takes(HttpMethod method, @Nullable String requestHost) {
    return (methods.isEmpty() || methods.contains(method))
        && (host == null || (requestHost != null && host.matches(requestHost)));
  }

  private static @Nullable HostPattern readHost(Section section) {
    String host = section.text("host");
    if (host != null && !HostPattern.isPattern(host)) {
      section.problem("host", "a host name without port, such as api.example.com, *.example.com");
      return null;
    }
    return host == null ? null : new HostPattern(host.toLowerCase(Locale.ROOT));
  }

  private static PathPattern readPath(Section section) {
    String path = section.text("path", "/");
    boolean variables = path.indexOf('{') >= 0 || path.indexOf('}') >= 0;
    PathPattern.Kind kind =
        section.choice("match", variables ? PathPattern.Kind.TEMPLATE : PathPattern.Kind.PREFIX);
    if (!path.startsWith("/") || !PathRules.isPlain(path)) {
      section.problem("path", "a path such as /orders, without escapes, semicolons or empty parts");
      return PathPattern.ALL;
    }
    return switch (kind) {
      case PREFIX -> variables ? noVariables(section) : PathPattern.prefix(withoutSlash(path));
      case EXACT -> variables ? noVariables(section) : PathPattern.exact(path);
      case TEMPLATE -> readTemplate(section, path);
    };
  }

  private static PathPattern noVariables(Section section) {
    section.problem("path", "a path without braces, or match: template");
    return PathPattern.ALL;
  }

  private static PathPattern readTemplate(Section section, String path) {
    PathPattern template = PathPattern.template(path);
    Set<String> names = new HashSet<>();
    for (String segment : template.segments()) {
      boolean variable = VARIABLE.matcher(segment).matches();
      boolean literal = segment.indexOf('{') < 0 && segment.indexOf('}') < 0 && !segment.isEmpty();
      if ((!variable && !literal) || (variable && !names.add(segment))) {
        names.clear();
        break;
      }
    }
    if (names.isEmpty()) {
      section.problem(
          "path",
          "a template such as /users/{id}/posts: variables are whole parts, each named once");
      return PathPattern.ALL;
    }
    return template;
  }

  private static String withoutSlash(String path) {
    return path.endsWith("/") ? path.substring(0, path.length() - 1) : path;
  }

  private static Set<HttpMethod> readMethods(Section section) {
    Set<HttpMethod> methods = new HashSet<>();
    for (String name : section.texts("methods", List.of())) {
      if (METHODS.contains(name)) {
        methods.add(HttpMethod.valueOf(name));
      } else {
        section.problem("methods", "any of " + String.join(", ", new TreeSet<>(METHODS)));
        return Set.of();
      }
    }
    return methods;
  }
}
