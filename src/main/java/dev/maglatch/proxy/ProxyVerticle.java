// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import dev.maglatch.http.IpRanges;
import dev.maglatch.http.TrustedProxies;
import io.netty.channel.Channel;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.http.Http2Settings;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.net.KeyCertOptions;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The data plane on one event loop: a server and a client of its own, so that a request never
 * changes threads. Deploy one for each loop; they share the port.
 *
 * <p>Undeploying asks clients to go elsewhere and goes on accepting for the drain delay, then stops
 * accepting, lets requests in flight finish within the drain timeout, and closes what is left.
 */
public final class ProxyVerticle extends VerticleBase {
  private static final int MAX_CHUNK_BYTES = 65_536;
  private static final Set<String> TLS_VERSIONS = Set.of("TLSv1.3", "TLSv1.2");
  private static final int MAX_STREAMS = 100; // at a time, on one connection
  private static final int CONNECTION_WINDOW_BYTES = 1 << 20; // of bodies that wait to be sent on
  private static final int FIELD_OVERHEAD = 32;
  private static final int PSEUDO_FIELDS = 4;
  private static final int ANY_PORT_SHARED = -1; // Vert.x: one free port for all of a deployment

  private final ListenerConfig listener;
  private final LiveRoutes routes;
  private final ProxyParts parts;
  private final Entrance entrance;

  private @Nullable HttpServer server;
  private @Nullable UpstreamClient client;
  private @Nullable Loop loop;
  private @Nullable ProxyHandler handler;

  public ProxyVerticle(
      ListenerConfig listener, Entrance entrance, LiveRoutes routes, ProxyParts parts) {
    this.entrance = entrance;
    this.listener = listener;
    this.routes = routes;
    this.parts = parts;
  }

  @Override
  public Future<?> start() {
    ProxyConfig proxy = routes.join(context, this::use);
    TrustedProxies proxies = new TrustedProxies(new IpRanges(proxy.trustedCidrs()));
    int loops = Math.max(1, context.getInstanceCount());
    RequestBound requests = entrance.shareOf(listener.guards().maxRequests(), loops);
    Loop started = new Loop(vertx, listener, requests, proxies, parts);
    UpstreamClient upstreams = new UpstreamClient(vertx, started, proxy, routes.health());
    Forwarder forwarder = new Forwarder(started, upstreams, parts.ownSession());
    RouteTable table = new RouteTable(proxy.routes());
    Gate gate = new Gate(listener);
    ProxyHandler answering = new ProxyHandler(started, parts, gate, table, forwarder);
    HttpServerOptions options = options();
    HttpServer accepting =
        vertx
            .createHttpServer(options)
            .connectionHandler(connection -> accept(connection, started, options))
            .invalidRequestHandler(answering::refuseInvalid)
            .requestHandler(answering);
    loop = started;
    client = upstreams;
    handler = answering;
    server = accepting;
    // Ends with this verticle's context.
    vertx.setPeriodic(Deadlines.INTERVAL_MILLIS, tick -> started.checkDeadlines());
    return accepting
        .listen()
        .onSuccess(bound -> entrance.listens(bound.actualPort()))
        .compose(bound -> entrance.knock(vertx, listener, bound.actualPort()));
  }

  /** Turns to other routes; what is under way goes on by those it began with. */
  private void use(ProxyConfig next) {
    if (client != null && handler != null) {
      client.use(next);
      handler.use(new RouteTable(next.routes()));
    }
  }

  private void accept(HttpConnection connection, Loop loop, HttpServerOptions options) {
    Channel channel = Connections.channel(connection);
    if (channel != null) {
      entrance.accepted(
          channel.parent(), () -> new Turnstile(listener, loop.proxies(), loop.metrics()));
    }
    if (options.isHttp2ClearTextEnabled() && StrictDecoding.isOf(connection)) {
      loop.metrics().connectionRefused(false);
      Connections.refuse(connection); // decoded loosely
    } else {
      Connections.stopIdleTimeout(connection);
      StrictDecoding.install(connection, options);
      loop.clients().opened(connection);
    }
  }

  private HttpServerOptions options() {
    HttpServerOptions options = plainOptions();
    ServerCertificate certificate = entrance.certificate();
    if (certificate != null) {
      options
          .setSsl(true)
          .setKeyCertOptions(KeyCertOptions.wrap(certificate))
          .setEnabledSecureTransportProtocols(TLS_VERSIONS)
          .setUseAlpn(listener.protocols().http2())
          .setSslHandshakeTimeout(listener.headerDeadline().toMillis())
          .setSslHandshakeTimeoutUnit(TimeUnit.MILLISECONDS);
    }
    return options;
  }

  private HttpServerOptions plainOptions() {
    return new HttpServerOptions()
        .setHost(listener.host())
        .setPort(listener.port() == 0 ? ANY_PORT_SHARED : listener.port())
        .setMaxInitialLineLength(listener.maxTargetBytes())
        .setMaxHeaderSize(listener.maxHeaderBytes())
        .setMaxChunkSize(MAX_CHUNK_BYTES)
        .setTcpNoDelay(true)
        .setHttp2ClearTextEnabled(listener.protocols().h2c())
        .setInitialSettings(
            new Http2Settings()
                .setMaxConcurrentStreams(MAX_STREAMS)
                .setMaxHeaderListSize(maxHeaderListBytes()))
        .setHttp2ConnectionWindowSize(CONNECTION_WINDOW_BYTES)
        .setCompressionSupported(false)
        .setDecompressionSupported(false)
        .setPerFrameWebSocketCompressionSupported(false) // open in 5.0.12: CVE-2026-102467
        .setPerMessageWebSocketCompressionSupported(false)
        .setHandle100ContinueAutomatically(false)
        .setIdleTimeout((int) listener.headerDeadline().toMillis()) // until accept
        .setIdleTimeoutUnit(TimeUnit.MILLISECONDS);
  }

  /** What HTTP/1 is allowed for line and fields, counted as RFC 9113 counts: 32 more for each. */
  private long maxHeaderListBytes() {
    return listener.maxTargetBytes()
        + listener.maxHeaderBytes()
        + (long) FIELD_OVERHEAD * (listener.maxHeaders() + PSEUDO_FIELDS);
  }

  @Override
  public Future<?> stop() {
    routes.leave(context);
    return askClientsToLeave()
        .eventually(this::stopServer)
        .eventually(this::letRequestsHear)
        .eventually(this::closeClient);
  }

  private Future<Void> askClientsToLeave() {
    return loop == null ? Future.succeededFuture() : askClientsToLeave(loop);
  }

  private Future<Void> askClientsToLeave(Loop own) {
    own.clients().leave();
    return own.after(listener.drainDelay())
        .compose(waited -> entrance.listener())
        .compose(Connections::stopAccepting)
        .otherwiseEmpty()
        .compose(closed -> own.later())
        .compose(taken -> own.clients().takeLastRequests());
  }

  private Future<Void> stopServer() {
    if (loop == null || server == null) {
      return Future.succeededFuture();
    }
    loop.drain();
    return server.shutdown(listener.drainTimeout().toMillis(), TimeUnit.MILLISECONDS);
  }

  /** Else a request that was cut would take the close of the client for its upstream's fault. */
  private Future<Void> letRequestsHear() {
    return loop == null ? Future.succeededFuture() : loop.later();
  }

  private Future<Void> closeClient() {
    return client == null ? Future.succeededFuture() : client.close();
  }
}
