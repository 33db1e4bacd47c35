// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import static java.util.Objects.requireNonNull;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.net.ClientSSLOptions;
import io.vertx.core.net.ConnectOptions;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.NetClientOptions;
import io.vertx.core.net.NetSocket;
import java.time.Duration;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Connections of one event loop to the upstreams. */
final class UpstreamClient {
  private static final UpstreamConnection.Owner NOBODY =
      new UpstreamConnection.Owner() {
        @Override
        public void released(UpstreamConnection connection) {
          connection.abort();
        }

        @Override
        public void closed(UpstreamConnection connection) {}
      };

  private final NetClient client;
  private final IdentityHashMap<Route, UpstreamPool> pools = new IdentityHashMap<>();

  /** Routes with the same upstream and the same patience share their connections. */
  UpstreamClient(Vertx vertx, Loop loop, ProxyConfig config) {
    this.client = vertx.createNetClient(new NetClientOptions().setTcpNoDelay(true));
    Map<Target, UpstreamPool> byTarget = new HashMap<>();
    for (Route route : config.routes()) {
      pools.put(
          route,
          byTarget.computeIfAbsent(
              Target.of(route),
              target -> new UpstreamPool(loop, config.pool(), () -> connect(target))));
    }
  }

  /** Asks for a connection to the upstream of {@code route}. */
  void acquire(Route route, UpstreamPool.Waiter waiter) {
    pool(route).acquire(waiter);
  }

  /** Withdraws such a wish. */
  void withdraw(Route route, UpstreamPool.Waiter waiter) {
    pool(route).withdraw(waiter);
  }

  /**
   * Makes a connection that no later request uses: for what will not be HTTP for long, and would
   * else hold a place in the pool.
   */
  void connectAlone(Route route, UpstreamPool.Waiter waiter) {
    connect(Target.of(route)).onComplete((socket, failure) -> joined(socket, failure, waiter));
  }

  private static void joined(
      @Nullable NetSocket socket, @Nullable Throwable failure, UpstreamPool.Waiter waiter) {
    if (socket != null) {
      waiter.connected(new UpstreamConnection(socket, NOBODY));
    } else {
      waiter.notConnected(requireNonNull(failure, "failure"));
    }
  }

  private UpstreamPool pool(Route route) {
    return requireNonNull(pools.get(route), "route");
  }

  private Future<NetSocket> connect(Target target) {
    ConnectOptions options =
        new ConnectOptions()
            .setHost(target.host)
            .setPort(target.port)
            .setTimeout((int) target.patience.toMillis())
            .setSsl(target.tls);
    if (target.tls) {
      options.setSslOptions(tlsOptions(target));
    }
    return client.connect(options);
  }

  /** The handshake has as long as the connection: a server that never answers it is as absent. */
  private static ClientSSLOptions tlsOptions(Target target) {
    ClientSSLOptions options = new ClientSSLOptions();
    options.setSslHandshakeTimeout(target.patience.toMillis());
    options.setSslHandshakeTimeoutUnit(TimeUnit.MILLISECONDS);
    return options.setHostnameVerificationAlgorithm("HTTPS");
  }

  Future<Void> close() {
    return client.close();
  }

  private record Target(boolean tls, String host, int port, Duration patience) {
    static Target of(Route route) {
      Upstream upstream = route.upstream();
      return new Target(
          upstream.tls(), upstream.host(), upstream.port(), route.timeouts().connect());
    }
  }
}
