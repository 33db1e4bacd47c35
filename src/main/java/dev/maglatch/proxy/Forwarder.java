// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import dev.maglatch.key.TokenShape;
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
  private final Predicate<String> ownSession;

  Forwarder(Loop loop, UpstreamClient client, Predicate<String> ownSession) {
    this.loop = loop;
    this.client = client;
    this.rules = new HeaderRules(loop.proxies());
    this.ownSession = ownSession;
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
    rules.toUpstream(exchange, head, upstream.authority(), !open || isOurs(exchange), !open);
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

  /**
   * Whether the credential, which nobody asked for, is one that only the gateway may see. Of
   * several nobody can say.
   */
  private boolean isOurs(Exchange exchange) {
    MultiMap headers = exchange.request().headers();
    String sent = headers.get(HttpHeaders.AUTHORIZATION);
    if (sent == null) {
      return false;
    }
    return headers.getAll(HttpHeaders.AUTHORIZATION).size() > 1
        || mentions(sent, TokenShape.MGP)
        || mentions(sent, TokenShape.MP)
        || (exchange.token().present() && ownSession.test(exchange.token().text()));
  }

  /** Whether a token of {@code shape} begins anywhere, but not inside of another one. */
  private static boolean mentions(String credential, TokenShape shape) {
    int at = credential.indexOf(shape.prefix());
    while (at > 0 && Characters.OF_TOKEN.contains(credential.charAt(at - 1))) {
      at = credential.indexOf(shape.prefix(), at + 1);
    }
    return at >= 0;
  }
}
