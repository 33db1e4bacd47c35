// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.api;

import static io.vertx.core.http.HttpHeaders.CACHE_CONTROL;
import static io.vertx.core.http.HttpHeaders.CONNECTION;
import static io.vertx.core.http.HttpHeaders.CONTENT_LENGTH;

import dev.maglatch.http.Quota;
import dev.maglatch.http.RequestIds;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.http.HttpVersion;

/** Writes answers with the headers that all of them carry, and ends connections left half-read. */
final class AnswerWriter {
  private static final long NO_ERROR = 0;
  private static final CharSequence WWW_AUTHENTICATE =
      HttpHeaders.createOptimized("WWW-Authenticate");
  private static final CharSequence RETRY_AFTER = HttpHeaders.createOptimized("Retry-After");
  private static final CharSequence ONE_SECOND = HttpHeaders.createOptimized("1");
  private static final CharSequence NO_STORE = HttpHeaders.createOptimized("no-store");
  private static final CharSequence CLOSE = HttpHeaders.createOptimized("close");
  private static final String REALM = "Bearer realm=\"maglatch\"";

  private final Leftovers leftovers;

  AnswerWriter(Vertx vertx) {
    this.leftovers = new Leftovers(vertx);
  }

  /** Writes {@code answer}, unless the client is gone. */
  void write(Call call, Facade facade, Answer answer) {
    HttpServerResponse response = call.request().response();
    if (response.closed() || response.ended()) {
      return;
    }
    response.setStatusCode(answer.status());
    response.headers().setAll(answer.headers());
    addCommonHeaders(call, facade, answer, response);
    if (call.hasUnreadBody()) {
      endHalfRead(call, answer, response);
    } else {
      end(call, answer, response);
    }
  }

  /** Sends all of the answer first, drops some of what still comes, and then ends both. */
  private void endHalfRead(Call call, Answer answer, HttpServerResponse response) {
    HttpServerRequest request = call.request();
    Buffer body = answer.body();
    boolean http1 = request.version() != HttpVersion.HTTP_2;
    if (http1) {
      response.putHeader(CONNECTION, CLOSE);
    }
    if (http1 && body != null && !call.method().equals(HttpMethod.HEAD)) {
      response.putHeader(CONTENT_LENGTH, Integer.toString(body.length()));
      response.write(body);
    } else {
      end(call, answer, response);
    }
    leftovers.drop(request).onComplete(done -> part(request, response));
  }

  private static void part(HttpServerRequest request, HttpServerResponse response) {
    if (request.version() == HttpVersion.HTTP_2) {
      if (!request.isEnded()) {
        response.reset(NO_ERROR);
      }
      return;
    }
    if (!response.ended()) {
      response.end();
    }
    request.connection().close();
  }

  private static void addCommonHeaders(
      Call call, Facade facade, Answer answer, HttpServerResponse response) {
    response.putHeader(RequestIds.HEADER, call.requestId());
    facade.crossOrigin().decorate(call.request(), response.headers());
    addUnlessThere(response, CACHE_CONTROL, NO_STORE);
    Quota quota = call.quota();
    if (quota != null) {
      quota.writeTo(response.headers());
    }
    switch (answer.status()) {
      case 401 -> addUnlessThere(response, WWW_AUTHENTICATE, challenge(call));
      case 403 ->
          addUnlessThere(response, WWW_AUTHENTICATE, REALM + ", error=\"insufficient_scope\"");
      case 429, 503 -> addUnlessThere(response, RETRY_AFTER, ONE_SECOND);
      default -> {}
    }
  }

  private static String challenge(Call call) {
    return call.bearer().bearerSent() ? REALM + ", error=\"invalid_token\"" : REALM;
  }

  private static void addUnlessThere(
      HttpServerResponse response, CharSequence name, CharSequence value) {
    if (!response.headers().contains(name)) {
      response.putHeader(name, value);
    }
  }

  private static void end(Call call, Answer answer, HttpServerResponse response) {
    Buffer body = answer.body();
    if (body == null) {
      response.end();
    } else if (call.method().equals(HttpMethod.HEAD)) {
      response.putHeader(CONTENT_LENGTH, Integer.toString(body.length()));
      response.end();
    } else {
      response.end(body);
    }
  }
}
