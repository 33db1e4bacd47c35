// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.api;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Gathers a small request body: at most 64 kB, within 20 s. What goes beyond is left unread, and a
 * client that asked with {@code Expect: 100-continue} is told to go on only here.
 */
final class BodyReader {
  static final int MAX_BYTES = 64 * 1024;
  private static final long MAX_MILLIS = 20_000;

  private final Vertx vertx;

  BodyReader(Vertx vertx) {
    this.vertx = vertx;
  }

  /** What came of reading: a body, or why there is none. */
  record Reading(Buffer body, @Nullable Problem problem) {}

  /** Reads the body of {@code call}. Fails only when the connection breaks. */
  Future<Reading> read(Call call, BodyRule rule) {
    HttpServerRequest request = call.request();
    if (rule == BodyRule.NONE) {
      return Future.succeededFuture(new Reading(Buffer.buffer(), null));
    }
    if (declaredLength(request) > MAX_BYTES) {
      return refused(Problem.BODY_TOO_LARGE);
    }
    if (rule == BodyRule.JSON_ONLY && call.hasUnreadBody() && !isJson(request)) {
      return refused(Problem.NOT_JSON);
    }
    if (expectsContinue(request)) {
      request.response().writeContinue();
    }
    return gather(request);
  }

  static boolean expectsContinue(HttpServerRequest request) {
    return "100-continue".equalsIgnoreCase(request.getHeader(HttpHeaders.EXPECT));
  }

  private Future<Reading> gather(HttpServerRequest request) {
    Promise<Reading> reading = Promise.promise();
    Buffer body = Buffer.buffer();
    long deadline =
        vertx.setTimer(MAX_MILLIS, late -> stop(request, reading, Problem.BODY_TOO_SLOW));
    request.handler(chunk -> append(request, body, chunk, reading));
    request.endHandler(end -> reading.tryComplete(new Reading(body, null)));
    request.exceptionHandler(reading::tryFail);
    request.resume();
    return reading.future().onComplete(done -> vertx.cancelTimer(deadline));
  }

  private static void append(
      HttpServerRequest request, Buffer body, Buffer chunk, Promise<Reading> reading) {
    if (body.length() + chunk.length() > MAX_BYTES) {
      stop(request, reading, Problem.BODY_TOO_LARGE);
    } else {
      body.appendBuffer(chunk);
    }
  }

  private static void stop(HttpServerRequest request, Promise<Reading> reading, Problem problem) {
    request.pause();
    reading.tryComplete(new Reading(Buffer.buffer(), problem));
  }

  private static Future<Reading> refused(Problem problem) {
    return Future.succeededFuture(new Reading(Buffer.buffer(), problem));
  }

  private static long declaredLength(HttpServerRequest request) {
    String length = request.getHeader(HttpHeaders.CONTENT_LENGTH);
    try {
      return length == null ? 0 : Long.parseLong(length);
    } catch (NumberFormatException huge) {
      return Long.MAX_VALUE;
    }
  }

  private static boolean isJson(HttpServerRequest request) {
    String type = request.getHeader(HttpHeaders.CONTENT_TYPE);
    if (type == null) {
      return false;
    }
    int end = type.indexOf(';');
    String media = (end < 0 ? type : type.substring(0, end)).strip().toLowerCase(Locale.ROOT);
    return media.equals("application/json");
  }
}
