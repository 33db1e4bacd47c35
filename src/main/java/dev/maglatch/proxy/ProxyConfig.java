// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

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
  }
}
