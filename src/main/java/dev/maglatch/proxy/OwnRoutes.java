// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import io.vertx.core.Handler;
import io.vertx.core.http.HttpServerRequest;
import org.jspecify.annotations.Nullable;

/** The gateway's own routes on the public listener. */
public interface OwnRoutes {
  OwnRoutes NONE = (request, requestId) -> null;

  /**
   * Returns what answers {@code request}, or null if its path is none of ours. An own path with a
   * wrong method is answered too (405). For a preflight that a route does not answer in its own way
   * return null: it is answered here if CORS is on.
   *
   * @param request paused, and let through by the strict gate
   * @param requestId to be repeated in the answer
   */
  @Nullable Handler<HttpServerRequest> find(HttpServerRequest request, String requestId);
}
