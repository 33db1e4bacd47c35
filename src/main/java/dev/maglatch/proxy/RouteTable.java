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
 * <p>A path that can be read in several ways must belong to the same route in each of them. A plain
 * path is looked up once, and a single route that takes everything costs one scan.
 */
final class RouteTable {
  private static final Selection AMBIGUOUS = new Selection(null, Refusal.AMBIGUOUS_PATH);
  private static final Selection NO_ROUTE = new Selection(null, Refusal.NOT_FOUND);

  private final Selection[] selections;
  private final @Nullable Selection everything;
  private final boolean hostMatters;
  private final boolean methodMatters;

  RouteTable(List<Route> routes) {
    this.selections =
        routes.stream().map(route -> new Selection(route, null)).toArray(Selection[]::new);
    this.hostMatters = routes.stream().anyMatch(route -> route.host() != null);
    this.methodMatters = routes.stream().anyMatch(route -> !route.methods().isEmpty());
    this.everything = !routes.isEmpty() && takesAll(routes.get(0)) ? selections[0] : null;
  }

  /** What was chosen: exactly one of the two is there. */
  record Selection(@Nullable Route route, @Nullable Refusal refusal) {}

  /** Returns the route of {@code request}, which has passed the gate. */
  Selection select(HttpServerRequest request) {
    String path = request.path();
    if (PathRules.isPlain(path)) {
      return everything != null ? everything : first(method(request), host(request), path);
    }
    List<String> readings = PathRules.readings(path);
    if (readings == null) {
      return AMBIGUOUS;
    }
    return everything != null ? everything : same(request, path, readings);
  }

  private Selection same(HttpServerRequest request, String path, List<String> readings) {
    HttpMethod method = method(request);
    String host = host(request);
    Selection selection = first(method, host, path);
    for (String reading : readings) {
      if (!first(method, host, reading).equals(selection)) {
        return AMBIGUOUS;
      }
    }
    return selection;
  }

  private Selection first(HttpMethod method, @Nullable String host, String path) {
    for (Selection selection : selections) {
      Route route = selection.route();
      if (route != null && route.matches(method, host, path)) {
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

  private @Nullable String host(HttpServerRequest request) {
    HostAndPort authority = hostMatters ? request.authority() : null;
    return authority == null ? null : authority.host().toLowerCase(Locale.ROOT);
  }

  private static boolean takesAll(Route route) {
    return route.host() == null && route.methods().isEmpty() && route.path().equals(PathPrefix.ALL);
  }
}
