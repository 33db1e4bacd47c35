// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.api.auth;

import dev.maglatch.api.Answer;
import dev.maglatch.api.CrossOrigin;
import dev.maglatch.http.Cors;
import io.vertx.core.MultiMap;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import org.jspecify.annotations.Nullable;

/** Every page may call without cookies, and the pages of {@code cors} with them. */
final class AuthCrossOrigin implements CrossOrigin {
  private final Cors cors;

  AuthCrossOrigin(Cors cors) {
    this.cors = cors;
  }

  @Override
  public @Nullable Answer preflight(HttpServerRequest request, String allowedMethods) {
    return EVERY_PAGE.preflight(request, allowedMethods);
  }

  @Override
  public void decorate(HttpServerRequest request, MultiMap response) {
    EVERY_PAGE.decorate(request, response);
    String origin = request.getHeader(HttpHeaders.ORIGIN);
    if (cors.enabled()) {
      response.add(HttpHeaders.VARY, HttpHeaders.ORIGIN);
    }
    if (origin != null && cors.trusts(origin)) {
      response.set(HttpHeaders.ACCESS_CONTROL_ALLOW_ORIGIN, origin);
      response.set(HttpHeaders.ACCESS_CONTROL_ALLOW_CREDENTIALS, "true");
    }
  }
}
