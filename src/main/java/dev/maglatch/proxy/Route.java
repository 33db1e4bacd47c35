// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import io.vertx.core.http.HttpMethod;
import java.time.Duration;
import java.util.Set;
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
    Upstream upstream,
    Auth auth,
    Set<String> scopes,
    @Nullable Dialect dialect,
    Timeouts timeouts,
    long maxBodyBytes) {
  public static final long UNLIMITED = Long.MAX_VALUE;

  public Route {
    methods = Set.copyOf(methods);
    scopes = Set.copyOf(scopes);
  }

  /** A route that takes everything to {@code upstream} and wants a credential. */
  public static Route catchAll(Upstream upstream) {
    return new Route(
        "default",
        null,
        PathPrefix.ALL,
        Set.of(),
        upstream,
        Auth.REQUIRED,
        Set.of(),
        null,
        Timeouts.DEFAULT,
        UNLIMITED);
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
}
