// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import dev.maglatch.http.IpRanges;
import dev.maglatch.proxy.Route.Timeouts;
import dev.maglatch.settings.Section;
import io.vertx.core.http.HttpMethod;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What the data plane forwards to.
 *
 * @param routes in order: the first that matches takes the request
 * @param trustedCidrs proxies in front of the gateway whose word about the client is believed
 */
public record ProxyConfig(List<Route> routes, List<String> trustedCidrs, Pool pool) {
  public ProxyConfig {
    routes = List.copyOf(routes);
    trustedCidrs = List.copyOf(trustedCidrs);
  }

  /**
   * Reads the section {@code proxy}: either {@code upstream}, one route for everything, or {@code
   * routes}. Limits set beside them are the defaults of every route.
   *
   * @param longestStaleness what a route's {@code max-staleness} may say at most
   */
  public static ProxyConfig read(Section proxy, Duration longestStaleness) {
    Timeouts timeouts = Timeouts.read(proxy, Timeouts.DEFAULT);
    long maxBody = Route.readMaxBody(proxy, Route.UNLIMITED);
    Map<String, UpstreamGroup> groups = UpstreamGroup.readAll(proxy);
    UpstreamGroup single = UpstreamGroup.read(proxy, groups, timeouts.connect());
    List<Route> routes = readRoutes(proxy, groups, longestStaleness);
    if (proxy.has("upstream") && !proxy.sections("routes").isEmpty()) {
      proxy.problem("upstream", "not set when proxy.routes is");
    }
    return new ProxyConfig(
        single == null ? routes : List.of(Route.catchAll(single, timeouts, maxBody)),
        readCidrs(proxy),
        Pool.read(proxy));
  }

  private static List<Route> readRoutes(
      Section proxy, Map<String, UpstreamGroup> groups, Duration longestStaleness) {
    List<Route> routes = new ArrayList<>();
    for (Section section : proxy.sections("routes")) {
      Route route = Route.read(section, proxy, groups, longestStaleness);
      if (route != null) {
        requireOwnName(section, route, routes);
        requireReachable(section, route, routes);
        routes.add(route);
      }
    }
    return routes;
  }

  private static void requireOwnName(Section section, Route route, List<Route> earlier) {
    if (earlier.stream().anyMatch(other -> other.name().equals(route.name()))) {
      section.problem(
          "name", "a name of its own: another route is called " + route.name() + " too");
    }
  }

  /** Several routes may take all methods of a later one together. */
  private static void requireReachable(Section section, Route route, List<Route> earlier) {
    List<Route> before =
        earlier.stream().filter(other -> other.match().coversPlaceOf(route.match())).toList();
    Set<HttpMethod> left = new HashSet<>(route.match().methods());
    List<String> takers = new ArrayList<>();
    for (Route other : before) {
      boolean all = other.match().methods().isEmpty();
      if (all || left.removeAll(other.match().methods())) {
        takers.add(other.name());
      }
      if (all || (left.isEmpty() && !route.match().methods().isEmpty())) {
        section.problem(
            "path",
            "reachable: route %s gets nothing, %s before it takes it all"
                .formatted(route.name(), String.join(" and ", takers)));
        return;
      }
    }
  }

  private static List<String> readCidrs(Section proxy) {
    List<String> cidrs = proxy.texts("trusted-cidrs", List.of());
    if (!cidrs.stream().allMatch(IpRanges::isRange)) {
      proxy.problem("trusted-cidrs", "IP addresses and CIDR ranges such as 10.0.0.0/8");
      return List.of();
    }
    return cidrs;
  }

  /** One catch-all route, all else as by default. */
  public static ProxyConfig to(Upstream upstream) {
    return new ProxyConfig(List.of(Route.catchAll(upstream)), List.of(), Pool.DEFAULT);
  }

  /**
   * Bounds of what goes to one upstream, for each event loop by itself: an upstream that is slow
   * takes no more than that away from the others.
   *
   * @param maxConnections to one server
   * @param maxWaiting requests that wait for a connection to it; one more is 503. Where the gateway
   *     itself has too little processor time, waiting costs it less than refusing: many, bounded by
   *     {@code maxWait}
   * @param maxWait how long they wait, the time to make a connection not counted; then 503
   * @param maxInFlight requests under way to all servers of the upstream; one more is 503
   */
  public record Pool(int maxConnections, int maxWaiting, Duration maxWait, int maxInFlight) {
    public static final Pool DEFAULT = new Pool(64, 4_096);

    private static final Duration SHORTEST = Duration.ofMillis(10);
    private static final Duration LONGEST = Duration.ofMinutes(10);

    Pool(int maxConnections, int maxWaiting) {
      this(maxConnections, maxWaiting, Duration.ofSeconds(3), Integer.MAX_VALUE);
    }

    /** Returns these bounds, but for {@code most} that may wait. */
    Pool waitingAtMost(int most) {
      return new Pool(maxConnections, Math.min(maxWaiting, most), maxWait, maxInFlight);
    }

    static Pool read(Section proxy) {
      return read(proxy, DEFAULT);
    }

    static Pool read(Section section, Pool fallback) {
      return new Pool(
          section.integer("max-connections", fallback.maxConnections, 1, 65_535),
          section.integer("max-waiting", fallback.maxWaiting, 0, 1_000_000),
          section.duration("max-wait", fallback.maxWait, SHORTEST, LONGEST),
          section.integer("max-in-flight", fallback.maxInFlight, 1, Integer.MAX_VALUE));
    }
  }
}
