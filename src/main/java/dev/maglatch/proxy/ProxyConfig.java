// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import dev.maglatch.http.IpRanges;
import dev.maglatch.proxy.Route.Timeouts;
import dev.maglatch.settings.Section;
import java.util.ArrayList;
import java.util.List;

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
   */
  public static ProxyConfig read(Section proxy) {
    Timeouts timeouts = Timeouts.read(proxy, Timeouts.DEFAULT);
    long maxBody = Route.readMaxBody(proxy, Route.UNLIMITED);
    Upstream single = Upstream.read(proxy, "upstream");
    List<Route> routes = readRoutes(proxy);
    if (proxy.has("upstream") && !proxy.sections("routes").isEmpty()) {
      proxy.problem("upstream", "not set when proxy.routes is");
    }
    return new ProxyConfig(
        single == null ? routes : List.of(Route.catchAll(single, timeouts, maxBody)),
        readCidrs(proxy),
        Pool.read(proxy));
  }

  private static List<Route> readRoutes(Section proxy) {
    List<Route> routes = new ArrayList<>();
    for (Section section : proxy.sections("routes")) {
      Route route = Route.read(section, proxy);
      if (route == null) {
        continue;
      }
      for (Route earlier : routes) {
        if (earlier.shadows(route)) {
          section.problem("path", "reachable: route " + earlier.name() + " takes it all before");
          break;
        }
      }
      routes.add(route);
    }
    return routes;
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
   * Bounds of the connections to upstreams, for each event loop by itself.
   *
   * @param maxConnections to one upstream
   * @param maxWaiting requests that wait for a connection; one more is 503
   */
  public record Pool(int maxConnections, int maxWaiting) {
    public static final Pool DEFAULT = new Pool(64, 512);

    static Pool read(Section proxy) {
      return new Pool(
          proxy.integer("max-connections", DEFAULT.maxConnections, 1, 65_535),
          proxy.integer("max-waiting", DEFAULT.maxWaiting, 0, 1_000_000));
    }
  }
}
