// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import dev.maglatch.http.Cors;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.net.HostAndPort;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Chooses the route of a request: the first that takes it. Immutable.
 *
 * <p>A path that can be read in several ways must belong to the same route in each of them. Whoever
 * does not care for case, of the method too, or a slash at the end must not find a route that asks
 * for more than the one chosen. A plain path is looked up once, and a single route that takes
 * everything costs one scan. No route takes {@code /_maglatch} or anything below it.
 */
final class RouteTable {
  private static final Selection AMBIGUOUS = new Selection(null, Refusal.AMBIGUOUS_PATH);
  private static final Selection NO_ROUTE = new Selection(null, Refusal.NOT_FOUND);

  /** Where the gateway's own paths are, those of later versions too: never an upstream's. */
  private static final PathPattern RESERVED = PathPattern.prefix("/_maglatch");

  private final Selection[] selections;
  private final @Nullable Selection everything;
  private final boolean hostMatters;
  private final boolean methodMatters;

  /** Whether one route asks for more than another. */
  private final boolean accessDiffers;

  RouteTable(List<Route> routes) {
    this.selections =
        routes.stream().map(route -> new Selection(route, null)).toArray(Selection[]::new);
    this.hostMatters = routes.stream().anyMatch(route -> route.match().host() != null);
    this.methodMatters = routes.stream().anyMatch(route -> !route.match().methods().isEmpty());
    this.everything = !routes.isEmpty() && takesAll(routes.get(0)) ? selections[0] : null;
    this.accessDiffers =
        everything == null && routes.stream().map(Route::access).distinct().count() > 1;
  }

  /** What was chosen: exactly one of the two is there. */
  record Selection(@Nullable Route route, @Nullable Refusal refusal) {}

  /** Returns the route of {@code request}, which has passed the gate. */
  Selection select(HttpServerRequest request) {
    return select(method(request), hostMatters ? host(request) : null, request.path());
  }

  /**
   * Returns the route of a request that is told of.
   *
   * @param host lower-case name; null if it is not known
   * @param path begins with a slash
   */
  Selection select(HttpMethod method, @Nullable String host, String path) {
    if (PathRules.isPlain(path)) {
      Selection selection = first(method, host, path);
      return accessDiffers && asksMore(selection, method, host, path) ? AMBIGUOUS : selection;
    }
    List<String> readings = PathRules.readings(path);
    return readings == null ? AMBIGUOUS : same(method, host, path, readings);
  }

  private Selection same(
      HttpMethod method, @Nullable String host, String path, List<String> readings) {
    Selection selection = first(method, host, path);
    for (String reading : readings) {
      if (!first(method, host, reading).equals(selection)
          || (accessDiffers && asksMore(selection, method, host, reading))) {
        return AMBIGUOUS;
      }
    }
    return selection;
  }

  /**
   * Whether a reader who cares less for case and slashes than we do would find a route that asks
   * for more than the one chosen: its upstream may be such a reader.
   */
  private boolean asksMore(
      Selection chosen, HttpMethod method, @Nullable String host, String path) {
    Route route = chosen.route();
    if (route == null) {
      return false;
    }
    HttpMethod usual = inUpperCase(method);
    for (Selection selection : selections) {
      Route other = selection.route();
      if (other != null && other.match().resembles(usual, host, path)) {
        return !route.access().asksAtLeast(other.access());
      }
    }
    return false;
  }

  private static HttpMethod inUpperCase(HttpMethod method) {
    String name = method.name().toUpperCase(Locale.ROOT);
    return name.equals(method.name()) ? method : HttpMethod.valueOf(name);
  }

  private Selection first(HttpMethod method, @Nullable String host, String path) {
    if (RESERVED.matches(path)) {
      return NO_ROUTE;
    }
    if (everything != null) {
      return everything;
    }
    for (Selection selection : selections) {
      Route route = selection.route();
      if (route != null && route.match().matches(method, host, path)) {
        return selection;
      }
    }
    return NO_ROUTE;
  }

  /** A preflight belongs to the route of the request that it announces. */
  private HttpMethod method(HttpServerRequest request) {
    if (methodMatters && Cors.isPreflight(request)) {
      return HttpMethod.valueOf(request.getHeader(HttpHeaders.ACCESS_CONTROL_REQUEST_METHOD));
    }
    return request.method();
  }

  private static @Nullable String host(HttpServerRequest request) {
    HostAndPort authority = request.authority();
    return authority == null ? null : HostRules.bare(authority.host());
  }

  private static boolean takesAll(Route route) {
    return route.match().equals(RouteMatch.ALL);
  }
}
