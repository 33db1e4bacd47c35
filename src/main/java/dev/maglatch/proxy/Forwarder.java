// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import dev.maglatch.key.TokenShape;
import io.vertx.core.MultiMap;
import io.vertx.core.http.HttpClientResponse;
import java.util.function.Predicate;

/** Sends requests to their upstreams and answers back. One for each event loop. */
final class Forwarder {
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

  /** Writes the fields that go upstream, but for the framing of the body. */
  void writeHeaders(Exchange exchange, MultiMap to) {
    Route route = exchange.route();
    boolean open = route.auth() == Auth.NONE;
    rules.toUpstream(exchange, to, route.upstream().authority(), !open || isOurs(exchange), !open);
  }

  /** Writes the fields that go to the client, but for the framing of the body. */
  void writeHeaders(Exchange exchange, HttpClientResponse from, MultiMap to) {
    rules.toClient(exchange, from.headers(), to);
  }

  /** Whether the credential, which nobody asked for, is one that only the gateway may see. */
  private boolean isOurs(Exchange exchange) {
    String sent = exchange.request().getHeader(io.vertx.core.http.HttpHeaders.AUTHORIZATION);
    if (sent == null) {
      return false;
    }
    return mentions(sent, TokenShape.MGP)
        || mentions(sent, TokenShape.MP)
        || (exchange.token().present() && ownSession.test(exchange.token().text()));
  }

  private static boolean mentions(String credential, TokenShape shape) {
    return credential.contains(shape.prefix());
  }
}
