// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import static java.util.Objects.requireNonNull;

import dev.maglatch.fault.Fault;
import dev.maglatch.http.BearerToken;
import dev.maglatch.http.Cors;
import dev.maglatch.http.Quota;
import dev.maglatch.key.Principal;
import dev.maglatch.proxy.ForwardAuth.Inquiry;
import dev.maglatch.verify.Verdict;
import io.vertx.core.Handler;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Takes one request through the gateway. One for each event loop. */
final class ProxyHandler implements Handler<HttpServerRequest> {
  private final Loop loop;
  private final ProxyParts parts;
  private final Gate gate;
  private final Forwarder forwarder;
  private RouteTable routes;
  private ForwardAuth forwardAuth;

  ProxyHandler(Loop loop, ProxyParts parts, Gate gate, RouteTable routes, Forwarder forwarder) {
    this.loop = loop;
    this.parts = parts;
    this.gate = gate;
    this.routes = routes;
    this.forwardAuth = new ForwardAuth(routes);
    this.forwarder = forwarder;
  }

  /** Chooses the routes of the requests to come by another table. */
  void use(RouteTable others) {
    routes = others;
    forwardAuth = new ForwardAuth(others);
  }

  /** Read it top to bottom: there is no other path. */
  @Override
  public void handle(HttpServerRequest request) {
    Exchange exchange = new Exchange(loop, request);
    if (exchange.hasBody()) {
      request.pause(); // until the verdict is known
    }
    Refusal objection = gate.check(request);
    if (objection != null) {
      refuseUnseen(exchange, objection);
      return;
    }
    exchange.token(BearerToken.of(request.headers()));
    Inquiry inquiry = forwardAuth.read(request);
    if (inquiry != null) {
      exchange.inquiry(inquiry);
      check(exchange);
      return;
    }
    Handler<HttpServerRequest> own = parts.ownRoutes().find(request, exchange.requestId());
    if (own != null) {
      handOver(exchange, own);
      return;
    }
    if (loop.overloaded()) { // own routes go on: with them keys are revoked
      exchange.decided(Decision.OVERLOADED, 0);
      exchange.refuse(Refusal.OVERLOADED);
      exchange.end(Ending.OVERLOADED);
      return;
    }
    boolean preflight = Cors.isPreflight(request);
    if (preflight && parts.cors().enabled()) { // after the own routes: some answer it themselves
      answerPreflight(exchange);
      return;
    }
    RouteTable.Selection selection = routes.select(request);
    Route route = selection.route();
    if (route == null) {
      refuseUnseen(exchange, selection.refusal());
      return;
    }
    exchange.route(route);
    if (!preflight
        && needsNoCredential(route, exchange.token())
        && isBeyondRouteLimit(exchange, exchange.clientAddress())) {
      exchange.decided(Decision.LIMITED, 0);
      refuse(exchange, Refusal.RATE_LIMITED);
      return;
    }
    if (preflight || needsNoCredential(route, exchange.token())) {
      exchange.decided(Decision.ANONYMOUS, 0);
      forward(exchange);
      return;
    }
    check(exchange);
  }

  /** Refuses what could not be decoded. */
  void refuseInvalid(HttpServerRequest request) {
    refuseUnseen(new Exchange(loop, request), Gate.whyInvalid(request));
  }

  private static boolean needsNoCredential(Route route, BearerToken token) {
    return route.access().auth() == Auth.NONE
        || (route.access().auth() == Auth.OPTIONAL && token.kind() == BearerToken.Kind.MISSING);
  }

  /** Finds out about the credential: at once if it can. */
  private void check(Exchange exchange) {
    Verdict verdict = decideNow(exchange);
    if (verdict != null) {
      act(exchange, verdict);
    } else {
      askStore(exchange);
    }
  }

  private @Nullable Verdict decideNow(Exchange exchange) {
    BearerToken token = exchange.token();
    return switch (token.kind()) {
      case MISSING -> Verdict.MISSING;
      case MALFORMED -> Verdict.MALFORMED;
      case PRESENT ->
          parts
              .verifier()
              .decideNow(token.text(), exchange.clientAddress(), exchange.maxStaleNanos());
    };
  }

  private void askStore(Exchange exchange) {
    exchange.response().closeHandler(gone -> exchange.end(Ending.CLIENT_GONE));
    parts
        .verifier()
        .decide(exchange.token().text(), exchange.clientAddress(), exchange.maxStaleNanos())
        .onComplete((verdict, failure) -> goOn(exchange, verdict, failure));
  }

  private void goOn(Exchange exchange, @Nullable Verdict verdict, @Nullable Throwable failure) {
    if (exchange.ended()) {
      return; // the client left meanwhile
    }
    if (verdict != null) {
      act(exchange, verdict);
    } else {
      fail(exchange, Fault.from(requireNonNull(failure, "failure")));
    }
  }

  private void act(Exchange exchange, Verdict verdict) {
    Principal principal = verdict.principal();
    if (principal == null) {
      exchange.quota(verdict.quota());
      exchange.decided(Decision.of(verdict.outcome()), sinceBegin(exchange));
      refuse(exchange, Refusal.of(verdict.outcome()));
      return;
    }
    exchange.principal(principal);
    if (!mayPass(principal, exchange)) {
      exchange.decided(Decision.FORBIDDEN, sinceBegin(exchange));
      refuse(exchange, Refusal.FORBIDDEN);
      return;
    }
    Quota quota = parts.limits().take(principal);
    exchange.quota(quota);
    if (quota != null && quota.refused()) {
      exchange.decided(Decision.LIMITED, sinceBegin(exchange));
      refuse(exchange, Refusal.RATE_LIMITED);
      return;
    }
    if (isBeyondRouteLimit(exchange, who(principal))) {
      parts.limits().giveBack(principal); // a request that is refused spends nothing
      exchange.decided(Decision.LIMITED, sinceBegin(exchange));
      refuse(exchange, Refusal.RATE_LIMITED);
      return;
    }
    exchange.decided(Decision.ALLOWED, sinceBegin(exchange));
    touch(exchange, principal);
    if (exchange.inquiry() == null) {
      forward(exchange);
    } else {
      ForwardAuth.approve(exchange, principal);
      exchange.end(Ending.ANSWERED);
    }
  }

  /** Whether a good credential is good for this request. */
  static boolean mayPass(Principal principal, Exchange exchange) {
    Inquiry inquiry = exchange.inquiry();
    if (inquiry != null) {
      return inquiry.permits(principal);
    }
    return exchange.route().permits(principal, exchange.request().method());
  }

  private static Object who(Principal principal) {
    if (principal.keyId() != null) {
      return principal.keyId();
    }
    UUID account = principal.accountId();
    return account == null ? principal.organizationId() : account;
  }

  /**
   * Takes the request from what its route allows one caller; another proxy's, from each route's or
   * from none.
   */
  private boolean isBeyondRouteLimit(Exchange exchange, Object who) {
    Inquiry inquiry = exchange.inquiry();
    if (inquiry != null) {
      return isBeyondLimitOfOne(exchange, inquiry.routes(), who);
    }
    return exchange.routed()
        && exchange.route().access().limit() != null
        && isBeyondLimit(exchange, exchange.route(), who, second());
  }

  private boolean isBeyondLimitOfOne(Exchange exchange, List<Route> routes, Object who) {
    long second = second();
    for (int i = 0; i < routes.size(); i++) {
      if (isBeyondLimit(exchange, routes.get(i), who, second)) {
        routes.subList(0, i).forEach(passed -> giveBack(passed, who, second));
        return true;
      }
    }
    return false;
  }

  private void giveBack(Route route, Object who, long second) {
    RouteLimit limit = route.access().limit();
    if (limit != null) {
      parts.windows().giveBack(route.name(), who, limit.windows(), second);
    }
  }

  private long second() {
    return loop.millis() / 1_000;
  }

  private boolean isBeyondLimit(Exchange exchange, Route route, Object who, long second) {
    RouteLimit limit = route.access().limit();
    if (limit == null) {
      return false;
    }
    List<Quota> standing = parts.windows().take(route.name(), who, limit.windows(), second);
    exchange.windows(standing, limit.legacyHeaders());
    for (Quota window : standing) {
      if (window.refused()) {
        exchange.quota(window);
        return true;
      }
    }
    return false;
  }

  private void touch(Exchange exchange, Principal principal) {
    UUID keyId = principal.keyId();
    if (keyId != null) {
      String agent = exchange.request().getHeader(HttpHeaders.USER_AGENT);
      parts.use().touch(keyId, loop.millis(), exchange.clientAddress(), agent);
    }
  }

  private void forward(Exchange exchange) {
    String length = exchange.request().getHeader(HttpHeaders.CONTENT_LENGTH);
    if (length != null && Long.parseLong(length) > exchange.route().maxBodyBytes()) {
      refuse(exchange, Refusal.BODY_TOO_LARGE);
    } else {
      forwarder.forward(exchange);
    }
  }

  private void handOver(Exchange exchange, Handler<HttpServerRequest> own) {
    exchange.decided(Decision.OWN, 0);
    HttpServerResponse response = exchange.response();
    response.endHandler( // of HTTP/2 it is called when a stream breaks, too
        end -> exchange.end(response.ended() ? Ending.ANSWERED : Ending.CLIENT_GONE));
    response.closeHandler(gone -> exchange.end(Ending.CLIENT_GONE));
    exchange.request().pause();
    own.handle(exchange.request());
  }

  private void answerPreflight(Exchange exchange) {
    exchange.decided(Decision.PREFLIGHT, 0);
    loop.rejection().answerPreflight(exchange.request(), exchange.requestId());
    exchange.end(Ending.ANSWERED);
  }

  /** Refuses before any credential was looked at; without a reason, there is no route. */
  private static void refuseUnseen(Exchange exchange, @Nullable Refusal why) {
    if (why == null || why == Refusal.NOT_FOUND) {
      exchange.decided(Decision.NO_ROUTE, 0);
      refuse(exchange, Refusal.NOT_FOUND);
    } else {
      exchange.decided(Decision.BAD_REQUEST, 0);
      refuse(exchange, why);
    }
  }

  private static void refuse(Exchange exchange, Refusal why) {
    exchange.refuse(why);
    exchange.end(Ending.ANSWERED);
  }

  /** Not being able to decide says nothing about the credential. */
  private void fail(Exchange exchange, Fault fault) {
    loop.complain(exchange, fault);
    exchange.decided(Decision.UNDECIDED, sinceBegin(exchange));
    refuse(exchange, Refusal.of(fault.code()));
  }

  private long sinceBegin(Exchange exchange) {
    return loop.nanoTime() - exchange.beganNanos();
  }
}
