// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import io.vertx.core.MultiMap;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Sends requests to their upstreams and answers back. One for each event loop. */
final class Forwarder {
  private static final CharSequence TE = HttpHeaders.createOptimized("te");
  private static final CharSequence TRAILERS = HttpHeaders.createOptimized("trailers");
  private static final CharSequence WEBSOCKET = HttpHeaders.createOptimized("websocket");

  private final Loop loop;
  private final UpstreamClient client;
  private final HeaderRules rules;
  private final OwnCredentials ownCredentials;

  Forwarder(Loop loop, UpstreamClient client, Predicate<String> ownSession) {
    this.loop = loop;
    this.client = client;
    this.rules = new HeaderRules(loop.proxies());
    this.ownCredentials = new OwnCredentials(ownSession);
  }

  /** Forwards a request that may pass. Its exchange ends when both streams have. */
  void forward(Exchange exchange) {
    new Relay(this, exchange).start();
  }

  Loop loop() {
    return loop;
  }

  UpstreamClient client() {
    return client;
  }

  /**
   * Writes the head of the request that goes upstream.
   *
   * @param framing how its body is framed: {@code Content-Length}, {@code Transfer-Encoding}, or
   *     null if it has none
   * @param bodyLength the value of that field
   * @throws IllegalArgumentException if something cannot be written
   */
  void writeHead(
      RequestFields head,
      Exchange exchange,
      Upstream upstream,
      @Nullable CharSequence framing,
      CharSequence bodyLength,
      boolean upgrade) {
    HttpServerRequest request = exchange.request();
    Route route = exchange.route();
    boolean open = route.access().auth() == Auth.NONE;
    head.begin(request.method().name(), upstream, route.changes().target(request.uri()));
    boolean ours = !open || ownCredentials.in(request.headers());
    rules.toUpstream(exchange, head, upstream.authority(), ours, !open);
    if (upgrade) {
      head.add(HttpHeaders.CONNECTION, HttpHeaders.UPGRADE);
      head.add(HttpHeaders.UPGRADE, WEBSOCKET);
    } else if (HeaderRules.acceptsTrailers(request.headers())) {
      head.add(TE, TRAILERS);
      head.add(HttpHeaders.CONNECTION, TE);
    }
    if (framing != null) {
      head.add(framing, bodyLength);
    }
  }

  /** Writes the fields that go to the client, but for the framing of the body. */
  void writeHeaders(Exchange exchange, io.netty.handler.codec.http.HttpHeaders from, MultiMap to) {
    rules.toClient(exchange, from, to);
    exchange.writeQuota(to); // an upstream's own says nothing about the key
  }
}
