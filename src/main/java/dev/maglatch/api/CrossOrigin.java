// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.api;

import static io.vertx.core.http.HttpHeaders.ACCESS_CONTROL_ALLOW_HEADERS;
import static io.vertx.core.http.HttpHeaders.ACCESS_CONTROL_ALLOW_METHODS;
import static io.vertx.core.http.HttpHeaders.ACCESS_CONTROL_ALLOW_ORIGIN;
import static io.vertx.core.http.HttpHeaders.ACCESS_CONTROL_EXPOSE_HEADERS;

import dev.maglatch.http.Cors;
import io.vertx.core.MultiMap;
import io.vertx.core.http.HttpServerRequest;
import org.jspecify.annotations.Nullable;

/** Which pages of other origins may call a route. */
public interface CrossOrigin {
  /** Every page may call, without cookies; each OPTIONS request is answered 200 {@code ok}. */
  CrossOrigin EVERY_PAGE = new EveryPage();

  /** The pages of {@code cors} may call. */
  static CrossOrigin of(Cors cors) {
    return new ListedPages(cors);
  }

  /** Answers an OPTIONS request; null if it is not a browser's question. */
  @Nullable Answer preflight(HttpServerRequest request, String allowedMethods);

  /** Lets the calling page read the answer whose headers are {@code response}. */
  void decorate(HttpServerRequest request, MultiMap response);

  /** See {@link #EVERY_PAGE}. */
  final class EveryPage implements CrossOrigin {
    private static final String ANY = "*";
    private static final String HEADERS = "authorization, x-client-info, apikey, content-type";
    private static final String EXPOSED =
        "X-Request-Id, X-Maglatch-Revocation, Retry-After, RateLimit, RateLimit-Policy";

    private EveryPage() {}

    @Override
    public Answer preflight(HttpServerRequest request, String allowedMethods) {
      return Answer.text(200, "ok")
          .with(ACCESS_CONTROL_ALLOW_HEADERS, HEADERS)
          .with(ACCESS_CONTROL_ALLOW_METHODS, allowedMethods);
    }

    @Override
    public void decorate(HttpServerRequest request, MultiMap response) {
      response.set(ACCESS_CONTROL_ALLOW_ORIGIN, ANY);
      response.set(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    }
  }

  /** See {@link #of}. */
  final class ListedPages implements CrossOrigin {
    private final Cors cors;

    private ListedPages(Cors cors) {
      this.cors = cors;
    }

    @Override
    public @Nullable Answer preflight(HttpServerRequest request, String allowedMethods) {
      if (!cors.enabled() || !Cors.isPreflight(request)) {
        return null;
      }
      Answer answer = Answer.empty(204);
      cors.answerPreflight(request.headers(), answer.headers());
      return answer;
    }

    @Override
    public void decorate(HttpServerRequest request, MultiMap response) {
      if (!Cors.isPreflight(request)) {
        cors.decorate(request.headers(), response);
      }
    }
  }
}
