// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.dashboard;

import dev.maglatch.http.Cors;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.net.HostAndPort;
import org.jspecify.annotations.Nullable;

/**
 * Tells whether a form was sent by one of our own pages. What browsers say of a request's origin is
 * all it takes: a page elsewhere can change neither header. Immutable.
 */
final class SameOrigin {
  private static final String SEC_FETCH_SITE = "Sec-Fetch-Site";

  private final Cors cors;

  SameOrigin(Cors cors) {
    this.cors = cors;
  }

  /**
   * Whether a page elsewhere may be behind {@code request}. Our own origin is the public URL's, or
   * the one that the request was sent to; without either header it was no browser.
   */
  boolean isForged(HttpServerRequest request) {
    String origin = request.getHeader(HttpHeaders.ORIGIN);
    String site = request.getHeader(SEC_FETCH_SITE);
    boolean elsewhere = site != null && !site.equals("same-origin") && !site.equals("none");
    return elsewhere
        || (origin != null && !cors.trusts(origin) && !isHost(origin, request.authority()));
  }

  private static boolean isHost(String origin, @Nullable HostAndPort authority) {
    if (authority == null) {
      return false;
    }
    String sent = Cors.origin(origin);
    String port = authority.port() < 0 ? "" : ":" + authority.port();
    return sent != null
        && (sent.equals(Cors.origin("http://" + authority.host() + port))
            || sent.equals(Cors.origin("https://" + authority.host() + port)));
  }
}
