// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.api;

import static io.vertx.core.http.HttpHeaders.CACHE_CONTROL;
import static io.vertx.core.http.HttpHeaders.CONNECTION;
import static io.vertx.core.http.HttpHeaders.CONTENT_LENGTH;

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
  /*
   * A connection whose request was not read to its end cannot carry another one. It is not closed
   * at once, though: closing over unread bytes resets it, and the reset may overtake the answer.
   * So a little more is read and dropped first, bounded in bytes and in time.
   */
  private static final long LINGER_MILLIS = 1_000;
  private static final int LINGER_BYTES = 4 * 1024 * 1024;
  private static final long NO_ERROR = 0;

  private static final CharSequence WWW_AUTHENTICATE =
      HttpHeaders.createOptimized("WWW-Authenticate");
  private static final CharSequence RETRY_AFTER = HttpHeaders.createOptimized("Retry-After");
  private static final CharSequence ONE_SECOND = HttpHeaders.createOptimized("1");
  private static final CharSequence NO_STORE = HttpHeaders.createOptimized("no-store");
  private static final CharSequence CLOSE = HttpHeaders.createOptimized("close");
  private static final String REALM = "Bearer realm=\"maglatch\"";

  private final Vertx vertx;

  AnswerWriter(Vertx vertx) {
    this.vertx = vertx;
  }

  /** Writes {@code answer}, unless the client is gone. */
  void write(Call call, Facade facade, Answer answer) {
    HttpServerResponse response = call.request().response();
    if (response.closed() || response.ended()) {
      return;
    }
    boolean unread = call.hasUnreadBody();
    response.setStatusCode(answer.status());
    response.headers().setAll(answer.headers());
    addCommonHeaders(call, facade, answer, response);
    if (unread && isHttp1(call.request())) {
      response.putHeader(CONNECTION, CLOSE);
    }
    boolean never = unread && BodyReader.expectsContinue(call.request());
    end(call, answer, response);
    if (unread) {
      abandon(call.request(), never);
    }
  }

  private static void addCommonHeaders(
      Call call, Facade facade, Answer answer, HttpServerResponse response) {
    response.putHeader(RequestIds.HEADER, call.requestId());
    facade.crossOrigin().decorate(call.request(), response.headers());
    addUnlessThere(response, CACHE_CONTROL, NO_STORE);
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

  private void abandon(HttpServerRequest request, boolean bodyWasNeverAskedFor) {
    if (bodyWasNeverAskedFor) {
      close(request);
      return;
    }
    long timer = vertx.setTimer(LINGER_MILLIS, late -> close(request));
    long[] dropped = {0};
    request.handler(
        chunk -> {
          dropped[0] += chunk.length();
          if (dropped[0] > LINGER_BYTES) {
            close(request);
          }
        });
    request.endHandler(end -> close(request));
    request.exceptionHandler(gone -> vertx.cancelTimer(timer));
    request.resume();
  }

  private static void close(HttpServerRequest request) {
    if (isHttp1(request)) {
      request.connection().close();
    } else if (!request.isEnded()) {
      request.response().reset(NO_ERROR);
    }
  }

  private static boolean isHttp1(HttpServerRequest request) {
    return request.version() != HttpVersion.HTTP_2;
  }
}
