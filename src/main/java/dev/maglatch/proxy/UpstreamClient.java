// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.NetClientOptions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The upstreams of one event loop, and its connections to them. */
final class UpstreamClient {
  private final Loop loop;
  private final NetClient client;
  private final RequestHead head = new RequestHead();

  private Map<Line, UpstreamPool> pools = Map.of();
  private Map<Key, Destination> destinations = Map.of();
  private IdentityHashMap<Route, Destination> byRoute = new IdentityHashMap<>();
  private ProxyConfig.Pool bounds;

  UpstreamClient(Vertx vertx, Loop loop, ProxyConfig config) {
    this.loop = loop;
    this.client = vertx.createNetClient(new NetClientOptions().setTcpNoDelay(true));
    this.bounds = config.pool();
    use(config);
  }

  /**
   * Serves these routes from now on. Upstreams that are the same as before keep their connections
   * and all that is known about them; the others finish what they have begun.
   */
  void use(ProxyConfig config) {
    bounds = config.pool();
    Map<Line, UpstreamPool> keptPools = new HashMap<>();
    Map<Key, Destination> kept = new HashMap<>();
    IdentityHashMap<Route, Destination> routed = new IdentityHashMap<>();
    for (Route route : config.routes()) {
      Key key = key(route);
      List<UpstreamPool> lines = lines(key, keptPools);
      Destination destination = destinations.get(key);
      routed.put(
          route,
          kept.computeIfAbsent(
              key, same -> destination == null ? destination(same, lines) : destination));
    }
    pools.forEach((line, pool) -> retireUnless(keptPools.get(line) == pool, pool));
    pools = keptPools;
    destinations = kept;
    byRoute = routed;
  }

  /** Returns where the requests of {@code route} go. */
  Destination to(Route route) {
    Destination known = byRoute.get(route);
    return known == null ? goneBy(route) : known;
  }

  /** For a request that was routed just before other routes came. */
  private Destination goneBy(Route route) {
    Key key = key(route);
    Destination same = destinations.get(key);
    if (same != null) {
      return same;
    }
    Map<Line, UpstreamPool> own = new HashMap<>();
    Destination destination = destination(key, lines(key, own));
    own.forEach((line, pool) -> retireUnless(pools.get(line) == pool, pool));
    return destination;
  }

  private Key key(Route route) {
    ProxyConfig.Pool own = route.upstream().pool();
    return new Key(route.upstream(), own == null ? bounds : own);
  }

  private List<UpstreamPool> lines(Key key, Map<Line, UpstreamPool> into) {
    List<UpstreamPool> lines = new ArrayList<>();
    for (UpstreamGroup.Target target : key.group.targets()) {
      lines.add(into.computeIfAbsent(Line.of(target.url(), key), this::poolOf));
    }
    return lines;
  }

  private UpstreamPool poolOf(Line line) {
    UpstreamPool same = pools.get(line);
    return same != null
        ? same
        : new UpstreamPool(
            loop, line.bounds, new Dialer(client, line.server, line.patience)::dial, head);
  }

  private static Destination destination(Key key, List<UpstreamPool> lines) {
    List<Endpoint> endpoints = new ArrayList<>();
    for (int i = 0; i < lines.size(); i++) {
      endpoints.add(new Endpoint(key.group.targets().get(i), lines.get(i)));
    }
    return new Destination(key.group, key.bounds, endpoints);
  }

  private static void retireUnless(boolean kept, @Nullable UpstreamPool pool) {
    if (!kept && pool != null) {
      pool.retire();
    }
  }

  Future<Void> close() {
    return client.close();
  }

  /** What must be equal for two routes to be one upstream. */
  private record Key(UpstreamGroup group, ProxyConfig.Pool bounds) {}

  /** What must be equal for two upstreams to share connections. */
  private record Line(Upstream server, Duration patience, ProxyConfig.Pool bounds) {
    static Line of(Upstream url, Key key) {
      Upstream server = new Upstream(url.tls(), url.host(), url.port(), "");
      return new Line(server, key.group.connectTimeout(), key.bounds);
    }
  }
}
