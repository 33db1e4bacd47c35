// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import io.netty.util.NetUtil;
import io.vertx.core.AsyncResult;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.internal.VertxInternal;
import io.vertx.core.internal.resolver.NameResolver;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.NetClientOptions;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The upstreams of one event loop, and its connections to them. */
final class UpstreamClient {
  /** What a name stands for is asked again so often; answers count for a time of their own. */
  private static final long LOOK_UP_MILLIS = 5_000;

  private final Loop loop;
  private final NameResolver names;
  private final NetClient client;
  private final UpstreamHealth health;
  private final RequestHead head = new RequestHead();

  private Map<Line, UpstreamLine> lines = Map.of();
  private Map<Key, Destination> destinations = Map.of();
  private IdentityHashMap<Route, Destination> byRoute = new IdentityHashMap<>();
  private ProxyConfig.Pool bounds;

  UpstreamClient(Vertx vertx, Loop loop, ProxyConfig config, UpstreamHealth health) {
    this.loop = loop;
    this.health = health;
    this.client = vertx.createNetClient(new NetClientOptions().setTcpNoDelay(true));
    this.names = ((VertxInternal) vertx).nameResolver();
    this.bounds = config.pool();
    use(config);
    vertx.setPeriodic(LOOK_UP_MILLIS, tick -> lookUpNames()); // ends with the verticle
  }

  /**
   * Serves these routes from now on. Upstreams that are the same as before keep their connections
   * and all that is known about them; the others finish what they have begun.
   */
  void use(ProxyConfig config) {
    bounds = config.pool();
    Map<Line, UpstreamLine> keptLines = new HashMap<>();
    Map<Key, Destination> kept = new HashMap<>();
    IdentityHashMap<Route, Destination> routed = new IdentityHashMap<>();
    for (Route route : config.routes()) {
      Key key = key(route);
      List<UpstreamLine> own = lines(key, keptLines);
      Destination destination = destinations.get(key);
      routed.put(
          route,
          kept.computeIfAbsent(
              key, same -> destination == null ? destination(same, own) : destination));
    }
    lines.forEach((line, pool) -> retireUnless(keptLines.get(line) == pool, pool));
    lines = keptLines;
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
    Map<Line, UpstreamLine> own = new HashMap<>();
    Destination destination = destination(key, lines(key, own));
    own.forEach((line, pool) -> retireUnless(lines.get(line) == pool, pool));
    return destination;
  }

  private Key key(Route route) {
    ProxyConfig.Pool own = route.upstream().pool();
    return new Key(route.upstream(), own == null ? bounds : own);
  }

  private List<UpstreamLine> lines(Key key, Map<Line, UpstreamLine> into) {
    List<UpstreamLine> found = new ArrayList<>();
    for (UpstreamGroup.Target target : key.group.targets()) {
      found.add(into.computeIfAbsent(Line.of(target.url(), key), this::lineOf));
    }
    return found;
  }

  private UpstreamLine lineOf(Line line) {
    UpstreamLine same = lines.get(line);
    return same == null ? newLine(line) : same;
  }

  private UpstreamLine newLine(Line line) {
    Dialer dialer = new Dialer(client, line.server, line.link);
    ProxyConfig.Pool bounds = line.bounds.waitingAtMost(loop.requestShare() / 2);
    UpstreamPool http1 = new UpstreamPool(loop, bounds, dialer::dial, head);
    return line.link.protocol() == UpstreamGroup.Protocol.HTTP1
        ? http1
        : new Http2Pool(loop, bounds, dialer, http1);
  }

  private Destination destination(Key key, List<UpstreamLine> lines) {
    List<Endpoint> endpoints = new ArrayList<>();
    for (int i = 0; i < lines.size(); i++) {
      UpstreamGroup.Target target = key.group.targets().get(i);
      endpoints.add(new Endpoint(target, lines.get(i), health.of(key.group, target.url())));
    }
    return new Destination(key.group, key.bounds, loop, endpoints);
  }

  private static void retireUnless(boolean kept, @Nullable UpstreamLine pool) {
    if (!kept && pool != null) {
      pool.retire();
    }
  }

  private void lookUpNames() {
    lines.forEach(
        (line, pool) -> {
          if (!NetUtil.isValidIpV4Address(line.server.host())
              && !NetUtil.isValidIpV6Address(line.server.host())) {
            names.resolveAll(line.server.host(), found -> tell(pool, found));
          }
        });
  }

  /** What cannot be resolved now may still be where it was. */
  private static void tell(UpstreamLine pool, AsyncResult<List<InetSocketAddress>> found) {
    if (found.succeeded()) {
      pool.resolved(
          found.result().stream()
              .map(InetSocketAddress::getAddress)
              .collect(Collectors.toUnmodifiableSet()));
    }
  }

  Future<Void> close() {
    return client.close();
  }

  /** What must be equal for two routes to be one upstream. */
  private record Key(UpstreamGroup group, ProxyConfig.Pool bounds) {}

  /** What must be equal for two upstreams to share connections. */
  private record Line(Upstream server, UpstreamGroup.Link link, ProxyConfig.Pool bounds) {
    static Line of(Upstream url, Key key) {
      Upstream server = new Upstream(url.tls(), url.host(), url.port(), "");
      return new Line(server, key.group.link(), key.bounds);
    }
  }
}
