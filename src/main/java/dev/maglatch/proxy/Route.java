// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import dev.maglatch.settings.Section;
import io.vertx.core.http.HttpMethod;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Which requests go to which upstream, and who may send them.
 *
 * @param name label in logs and metrics
 * @param host lower-case host name without port; null takes every host
 * @param methods empty takes every method
 * @param scopes one of them is needed; empty needs none
 * @param dialect shape of refusals; null goes by the path of the request
 * @param maxBodyBytes longest request body; {@link #UNLIMITED} if there is no bound
 */
public record Route(
    String name,
    @Nullable String host,
    PathPrefix path,
    Set<HttpMethod> methods,
    UpstreamGroup upstream,
    Auth auth,
    Set<String> scopes,
    @Nullable Dialect dialect,
    Timeouts timeouts,
    long maxBodyBytes) {
  public static final long UNLIMITED = Long.MAX_VALUE;

  private static final Set<String> METHODS =
      Set.of("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS");

  public Route {
    methods = Set.copyOf(methods);
    scopes = Set.copyOf(scopes);
  }

  /** A route that takes everything to {@code upstream} and wants a credential. */
  public static Route catchAll(Upstream upstream) {
    return catchAll(upstream, Timeouts.DEFAULT, UNLIMITED);
  }

  static Route catchAll(Upstream upstream, Timeouts timeouts, long maxBodyBytes) {
    return catchAll(UpstreamGroup.of(upstream, timeouts.connect()), timeouts, maxBodyBytes);
  }

  static Route catchAll(UpstreamGroup upstream, Timeouts timeouts, long maxBodyBytes) {
    return new Route(
        "default",
        null,
        PathPrefix.ALL,
        Set.of(),
        upstream,
        Auth.REQUIRED,
        Set.of(),
        null,
        timeouts,
        maxBodyBytes);
  }

  /**
   * Reads one item of {@code proxy.routes}; null if it has no upstream, noted as a problem.
   *
   * @param all gives the limits for what this item does not limit itself
   * @param groups upstreams by name
   */
  static @Nullable Route read(Section section, Section all, Map<String, UpstreamGroup> groups) {
    String host = readHost(section);
    PathPrefix path = readPath(section);
    Auth auth = section.choice("auth", Auth.REQUIRED);
    String name = section.text("name", (host == null ? "" : host) + path.text() + "/");
    Set<HttpMethod> methods = readMethods(section);
    Set<String> scopes = readScopes(section, auth);
    Dialect dialect = readDialect(section);
    Timeouts timeouts = Timeouts.read(section, Timeouts.read(all, Timeouts.DEFAULT));
    UpstreamGroup upstream = UpstreamGroup.read(section, groups, timeouts.connect());
    if (!section.has("upstream")) {
      section.problem("upstream", "an http or https URL, or a name in proxy.upstreams");
    } else if (upstream != null
        && groups.containsValue(upstream)
        && section.has("connect-timeout")) {
      section.problem("connect-timeout", "set at the upstream, which others use too");
    }
    long maxBody = readMaxBody(section, readMaxBody(all, UNLIMITED));
    return upstream == null
        ? null
        : new Route(name, host, path, methods, upstream, auth, scopes, dialect, timeouts, maxBody);
  }

  /** Whether this route takes such a request. */
  boolean matches(HttpMethod method, @Nullable String requestHost, String requestPath) {
    return (methods.isEmpty() || methods.contains(method))
        && (host == null || host.equals(requestHost))
        && path.matches(requestPath);
  }

  /** Whether nothing is left for {@code later} when this route stands before it. */
  boolean shadows(Route later) {
    return (host == null || host.equals(later.host))
        && path.covers(later.path)
        && (methods.isEmpty() || (!later.methods.isEmpty() && methods.containsAll(later.methods)));
  }

  private static @Nullable String readHost(Section section) {
    String host = section.text("host");
    if (host != null && !HostRules.isName(host)) {
      section.problem("host", "a host name without port");
      return null;
    }
    return host == null ? null : host.toLowerCase(Locale.ROOT);
  }

  private static PathPrefix readPath(Section section) {
    String path = section.text("path", "/");
    if (!path.startsWith("/") || !PathRules.isPlain(path)) {
      section.problem("path", "a path such as /orders, without escapes, semicolons or empty parts");
      return PathPrefix.ALL;
    }
    return new PathPrefix(path.endsWith("/") ? path.substring(0, path.length() - 1) : path);
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

  private static Set<String> readScopes(Section section, Auth auth) {
    Set<String> scopes = new HashSet<>(section.texts("scopes", List.of()));
    if (!scopes.isEmpty() && auth == Auth.NONE) {
      section.problem("scopes", "not set when auth is none");
    }
    return scopes;
  }

  private static @Nullable Dialect readDialect(Section section) {
    return section.has("dialect") ? section.choice("dialect", Dialect.MAGPIPE) : null;
  }

  static long readMaxBody(Section section, long fallback) {
    return section.bytes("max-body", fallback);
  }

  /**
   * How long the upstream is waited for.
   *
   * @param connect until the connection stands
   * @param head from the end of the request to the head of the response
   * @param idle without a byte in either direction
   */
  public record Timeouts(Duration connect, Duration head, Duration idle) {
    public static final Timeouts DEFAULT =
        new Timeouts(Duration.ofSeconds(2), Duration.ofSeconds(30), Duration.ofSeconds(60));

    private static final Duration SHORTEST = Duration.ofMillis(10);
    private static final Duration LONGEST = Duration.ofHours(24);

    static Timeouts read(Section section, Timeouts fallback) {
      return new Timeouts(
          readConnect(section, fallback.connect),
          section.duration("head-timeout", fallback.head, SHORTEST, LONGEST),
          section.duration("idle-timeout", fallback.idle, SHORTEST, LONGEST));
    }

    static Duration readConnect(Section section, Duration fallback) {
      return section.duration("connect-timeout", fallback, SHORTEST, LONGEST);
    }
  }
}
