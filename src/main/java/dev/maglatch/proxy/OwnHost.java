// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import static java.util.Objects.requireNonNull;

import dev.maglatch.http.RequestIds;
import io.vertx.core.Handler;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.net.HostAndPort;
import org.jspecify.annotations.Nullable;

/**
 * Own routes under a host name of their own. Under every other name they are not there; under this
 * one nothing else is (404), so that no upstream can put a page beside them. Immutable.
 */
public final class OwnHost implements OwnRoutes {
  private final OwnRoutes routes;
  private final String host;
  private final ErrorBodies bodies = new ErrorBodies();

  /**
   * @param host lower-case name without port, and without the dot that it may end with
   */
  public OwnHost(OwnRoutes routes, String host) {
    this.routes = requireNonNull(routes, "routes");
    this.host = requireNonNull(host, "host");
  }

  @Override
  public @Nullable Handler<HttpServerRequest> find(HttpServerRequest request, String requestId) {
    HostAndPort authority = request.authority();
    if (authority == null || !host.equals(HostRules.bare(authority.host()))) {
      return null;
    }
    Handler<HttpServerRequest> own = routes.find(request, requestId);
    return own != null ? own : unknown -> refuse(unknown, requestId);
  }

  private void refuse(HttpServerRequest request, String requestId) {
    HttpServerResponse response = request.response();
    response
        .setStatusCode(Refusal.NOT_FOUND.status())
        .putHeader(RequestIds.HEADER, requestId)
        .putHeader(HttpHeaders.CACHE_CONTROL, "no-store")
        .putHeader(HttpHeaders.CONTENT_TYPE, "application/json");
    Rejection.endUnread(
        request,
        response,
        bodies.of(Dialect.ofPath(request.path()), Refusal.NOT_FOUND, false, requestId),
        false);
  }
}
