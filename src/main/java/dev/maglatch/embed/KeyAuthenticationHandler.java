// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.embed;

import static java.util.Objects.requireNonNull;

import dev.maglatch.http.BearerToken;
import dev.maglatch.http.TrustedProxies;
import dev.maglatch.verify.Verdict;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.ext.auth.User;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.AuthenticationHandler;
import io.vertx.ext.web.impl.UserContextInternal;

/**
 * Lets requests of a Vert.x Web router pass that carry a good credential in {@code Authorization:
 * Bearer}, and sets their user. Every request is asked for it, also one that has a user by then.
 *
 * <p>Else the context fails with 401, 403 or 429, or with 503 where nobody could tell, and carries
 * the headers that go with it; a failure handler of the router writes the body.
 */
public final class KeyAuthenticationHandler implements AuthenticationHandler {
  private static final CharSequence WWW_AUTHENTICATE =
      HttpHeaders.createOptimized("WWW-Authenticate");
  private static final CharSequence RETRY_AFTER = HttpHeaders.createOptimized("Retry-After");
  private static final String REALM = "Bearer realm=\"maglatch\"";
  private static final String INVALID = REALM + ", error=\"invalid_token\"";
  private static final String SOON = "1";
  private static final int UNAVAILABLE = 503;

  private final KeyAuthentication authentication;
  private final TrustedProxies proxies;

  /**
   * @param proxies in front of the application, whose word about the client's address counts
   */
  public KeyAuthenticationHandler(KeyAuthentication authentication, TrustedProxies proxies) {
    this.authentication = requireNonNull(authentication, "authentication");
    this.proxies = requireNonNull(proxies, "proxies");
  }

  @Override
  public void handle(RoutingContext context) {
    HttpServerRequest request = context.request();
    BearerToken token = BearerToken.of(request.headers());
    switch (token.kind()) {
      case MISSING -> refuse(context, token, new CredentialRefused(Verdict.Outcome.MISSING));
      case MALFORMED -> refuse(context, token, new CredentialRefused(Verdict.Outcome.MALFORMED));
      case PRESENT -> {
        request.pause(); // no body is read before the verdict
        authentication
            .authenticate(new KeyCredentials(token.text(), address(request)))
            .onSuccess(user -> admit(context, user))
            .onFailure(failure -> refuse(context, token, failure));
      }
    }
  }

  private String address(HttpServerRequest request) {
    String peer = request.remoteAddress().hostAddress();
    return proxies.clientAddress(peer == null ? "" : peer, request.headers());
  }

  private static void admit(RoutingContext context, User user) {
    ((UserContextInternal) context.userContext()).setUser(user);
    context.request().resume();
    context.next();
  }

  private static void refuse(RoutingContext context, BearerToken token, Throwable failure) {
    int status = failure instanceof CredentialRefused refused ? refused.status() : UNAVAILABLE;
    switch (status) {
      case 401 ->
          context.response().putHeader(WWW_AUTHENTICATE, token.bearerSent() ? INVALID : REALM);
      case 403 ->
          context.response().putHeader(WWW_AUTHENTICATE, REALM + ", error=\"insufficient_scope\"");
      default -> context.response().putHeader(RETRY_AFTER, SOON);
    }
    context.request().resume();
    context.fail(status, failure);
  }
}
