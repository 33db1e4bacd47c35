// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.dashboard;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;

/** Reads what a form sends: at most 64 kB, within 20 s. */
final class FormReader {
  private static final int MAX_BYTES = 64 * 1024;
  private static final long MAX_MILLIS = 20_000;

  private final Vertx vertx;

  FormReader(Vertx vertx) {
    this.vertx = vertx;
  }

  /** Reads the body of {@code request}, which is paused. Fails with {@link Unreadable}. */
  Future<Form> read(HttpServerRequest request) {
    if ("100-continue".equalsIgnoreCase(request.getHeader(HttpHeaders.EXPECT))) {
      request.response().writeContinue();
    }
    Promise<Form> reading = Promise.promise();
    Buffer body = Buffer.buffer();
    long deadline = vertx.setTimer(MAX_MILLIS, late -> stop(request, reading, 408));
    request.handler(
        chunk -> {
          if (body.length() + chunk.length() > MAX_BYTES) {
            stop(request, reading, 413);
          } else {
            body.appendBuffer(chunk);
          }
        });
    request.endHandler(end -> reading.tryComplete(form(request, body)));
    request.exceptionHandler(reading::tryFail);
    request.resume();
    return reading.future().onComplete(done -> vertx.cancelTimer(deadline));
  }

  private static Form form(HttpServerRequest request, Buffer body) {
    String type = request.getHeader(HttpHeaders.CONTENT_TYPE);
    return type != null && type.startsWith("application/x-www-form-urlencoded")
        ? Form.of(body.toString(UTF_8))
        : Form.EMPTY;
  }

  private static void stop(HttpServerRequest request, Promise<Form> reading, int status) {
    request.pause();
    reading.tryFail(new Unreadable(status));
  }

  /** The rest of the body stays unread, so the connection is of no more use. */
  static final class Unreadable extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final int status;

    Unreadable(int status) {
      super("body not read, answer " + status, null, false, false);
      this.status = status;
    }

    int status() {
      return status;
    }
  }
}
