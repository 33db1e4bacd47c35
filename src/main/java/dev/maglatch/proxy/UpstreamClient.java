// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClientAgent;
import io.vertx.core.http.HttpClientConnection;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpConnectOptions;
import io.vertx.core.http.PoolOptions;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.net.SocketAddress;
import java.time.Duration;
import java.util.IdentityHashMap;
import java.util.concurrent.TimeUnit;

/** Connections of one event loop to the upstreams. */
final class UpstreamClient {
  private static final int KEEP_ALIVE_SECONDS = 30;
  private static final int MAX_HEADER_BYTES = 65_536;
  private static final int MAX_CHUNK_BYTES = 65_536;
  private static final Duration MAX_WAIT_FOR_CONNECTION = Duration.ofSeconds(3);

  private final HttpClientAgent client;
  private final IdentityHashMap<Route, RequestOptions> options = new IdentityHashMap<>();

  UpstreamClient(Vertx vertx, ProxyConfig config) {
    this.client = vertx.createHttpClient(clientOptions(config), poolOptions(config.pool()));
    for (Route route : config.routes()) {
      options.put(route, requestOptions(route));
    }
  }

  private static HttpClientOptions clientOptions(ProxyConfig config) {
    Duration connect = Route.Timeouts.DEFAULT.connect();
    Duration idle = Route.Timeouts.DEFAULT.idle();
    for (Route route : config.routes()) {
      connect = longer(connect, route.timeouts().connect());
      idle = longer(idle, route.timeouts().idle());
      idle = longer(idle, route.timeouts().head());
    }
    return new HttpClientOptions()
        .setConnectTimeout((int) connect.toMillis())
        // Only for what an early end left behind: relays watch their own connections more closely.
        .setIdleTimeoutUnit(TimeUnit.SECONDS)
        .setIdleTimeout((int) (2 * idle.toSeconds() + 1))
        .setKeepAlive(true)
        .setKeepAliveTimeout(KEEP_ALIVE_SECONDS)
        .setPipelining(false)
        .setMaxHeaderSize(MAX_HEADER_BYTES)
        .setMaxChunkSize(MAX_CHUNK_BYTES)
        .setTcpNoDelay(true);
  }

  private static PoolOptions poolOptions(ProxyConfig.Pool pool) {
    return new PoolOptions()
        .setHttp1MaxSize(pool.maxConnections())
        .setMaxWaitQueueSize(pool.maxWaiting());
  }

  private static RequestOptions requestOptions(Route route) {
    Upstream upstream = route.upstream();
    Duration wait = route.timeouts().connect().plus(MAX_WAIT_FOR_CONNECTION);
    return new RequestOptions()
        .setServer(SocketAddress.inetSocketAddress(upstream.port(), upstream.host()))
        .setHost(upstream.host())
        .setPort(upstream.port())
        .setSsl(upstream.tls())
        .setConnectTimeout(wait.toMillis());
  }

  private static Duration longer(Duration one, Duration other) {
    return one.compareTo(other) >= 0 ? one : other;
  }

  /**
   * Begins a request on a pooled connection. Fails with a connect failure, or when no connection
   * was free in time.
   */
  Future<HttpClientRequest> request(Route route) {
    return client.request(options(route));
  }

  /**
   * Begins a request on a connection of its own, which no later request uses: for what will not be
   * HTTP for long, and would else hold a place in the pool.
   */
  Future<HttpClientRequest> requestAlone(Route route) {
    Upstream upstream = route.upstream();
    HttpConnectOptions connect =
        new HttpConnectOptions()
            .setServer(SocketAddress.inetSocketAddress(upstream.port(), upstream.host()))
            .setHost(upstream.host())
            .setPort(upstream.port())
            .setSsl(upstream.tls());
    return client.connect(connect).compose(connection -> begin(connection, route));
  }

  private Future<HttpClientRequest> begin(HttpClientConnection connection, Route route) {
    return connection.request(options(route));
  }

  private RequestOptions options(Route route) {
    RequestOptions known = options.get(route);
    return known == null ? requestOptions(route) : known;
  }

  Future<Void> close() {
    return client.close();
  }
}
