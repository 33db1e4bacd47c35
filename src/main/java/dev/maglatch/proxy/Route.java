// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import dev.maglatch.key.Principal;
import dev.maglatch.settings.Section;
import io.vertx.core.http.HttpMethod;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Which requests go to which upstream, who may send them, and what is changed on the way.
 *
 * @param name label in logs and metrics; no two routes share one
 * @param dialect shape of refusals; null goes by the path of the request
 * @param maxBodyBytes longest request body; {@link #UNLIMITED} if there is no bound
 */
public record Route(
    String name,
    RouteMatch match,
    UpstreamGroup upstream,
    RouteAccess access,
    @Nullable Dialect dialect,
    Timeouts timeouts,
    long maxBodyBytes,
    Changes changes) {
  public static final long UNLIMITED = Long.MAX_VALUE;

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
        RouteMatch.ALL,
        upstream,
        RouteAccess.REQUIRED,
        null,
        timeouts,
        maxBodyBytes,
        Changes.NONE);
  }

  /**
   * Reads one item of {@code proxy.routes}; null if it has no upstream, noted as a problem.
   *
   * @param all gives the limits for what this item does not limit itself
   * @param groups upstreams by name
   * @param longestStaleness what {@code max-staleness} may say at most
   */
  static @Nullable Route read(
      Section section, Section all, Map<String, UpstreamGroup> groups, Duration longestStaleness) {
    RouteMatch match = RouteMatch.read(section);
    RouteAccess access = RouteAccess.read(section, longestStaleness);
    String name = section.text("name", match.text());
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
    Changes changes = Changes.read(section, match.path());
    return upstream == null
        ? null
        : new Route(name, match, upstream, access, dialect, timeouts, maxBody, changes);
  }

  /** Whether a good credential is good for a request by {@code method} on this route. */
  public boolean permits(Principal principal, HttpMethod method) {
    return principal.satisfiesAny(access.scopes()) && (!principal.readOnly() || onlyReads(method));
  }

  private static boolean onlyReads(HttpMethod method) {
    return method.equals(HttpMethod.GET)
        || method.equals(HttpMethod.HEAD)
        || method.equals(HttpMethod.OPTIONS);
  }

  private static @Nullable Dialect readDialect(Section section) {
    return section.has("dialect") ? section.choice("dialect", Dialect.MAGPIPE) : null;
  }

  static long readMaxBody(Section section, long fallback) {
    return section.bytes("max-body", fallback);
  }

  /**
   * What is not passed on as it came; null where everything is.
   *
   * @param path of the request
   * @param request its header fields
   * @param response header fields of the upstream's answer
   */
  public record Changes(
      @Nullable PathRewrite path, @Nullable HeaderEdits request, @Nullable HeaderEdits response) {
    public static final Changes NONE = new Changes(null, null, null);

    static Changes read(Section section, PathPattern match) {
      Changes changes =
          new Changes(
              PathRewrite.read(section, match),
              HeaderEdits.ofRequest(section),
              HeaderEdits.ofResponse(section));
      return changes.equals(NONE) ? NONE : changes;
    }

    /** Returns each change in a few words, without values. */
    public List<String> texts() {
      List<String> texts = new ArrayList<>();
      if (path != null) {
        texts.add("path " + path.text());
      }
      if (request != null) {
        texts.add("request headers " + String.join(", ", request.names()));
      }
      if (response != null) {
        texts.add("response headers " + String.join(", ", response.names()));
      }
      return texts;
    }

    /** Returns what is asked of the upstream when a client asks for {@code target}. */
    String target(String target) {
      return path == null ? target : path.target(target);
    }
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
