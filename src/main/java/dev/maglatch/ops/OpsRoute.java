// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.ops;

import static java.util.Objects.requireNonNull;

import io.vertx.core.Handler;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;

/**
 * One place on the listener for operators.
 *
 * @param method a GET also answers HEAD
 * @param path exact, or the beginning of all that it takes if it ends in a slash
 * @param handler runs on the event loop; answers the request in any case
 */
public record OpsRoute(HttpMethod method, String path, Handler<HttpServerRequest> handler) {
  public OpsRoute {
    requireNonNull(method, "method");
    requireNonNull(path, "path");
    requireNonNull(handler, "handler");
  }

  public static OpsRoute get(String path, Handler<HttpServerRequest> handler) {
    return new OpsRoute(HttpMethod.GET, path, handler);
  }

  public static OpsRoute post(String path, Handler<HttpServerRequest> handler) {
    return new OpsRoute(HttpMethod.POST, path, handler);
  }

  boolean takes(String requestPath) {
    return path.endsWith("/") ? requestPath.startsWith(path) : requestPath.equals(path);
  }

  boolean takes(HttpMethod requestMethod) {
    return method.equals(requestMethod)
        || (method.equals(HttpMethod.GET) && requestMethod.equals(HttpMethod.HEAD));
  }
}
