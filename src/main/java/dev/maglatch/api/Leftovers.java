// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.api;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServerRequest;

/**
 * What a client is still sending after it was answered.
 *
 * <p>A connection whose request was not read to its end cannot carry another one. It is not closed
 * at once, though: closing over unread bytes resets it, and the reset may overtake the answer.
 */
final class Leftovers {
  private static final long MAX_MILLIS = 1_000;
  private static final int MAX_BYTES = 4 * 1024 * 1024;

  private final Vertx vertx;

  Leftovers(Vertx vertx) {
    this.vertx = vertx;
  }

  /**
   * Reads and drops what comes: to the end, or 4 MB, or for 1 s. A client that was never told to
   * send its body has nothing to drop.
   */
  Future<Void> drop(HttpServerRequest request) {
    if (BodyReader.expectsContinue(request)) {
      return Future.succeededFuture();
    }
    Promise<Void> dropped = Promise.promise();
    long timer = vertx.setTimer(MAX_MILLIS, late -> dropped.tryComplete());
    int[] bytes = {0};
    request.handler(
        chunk -> {
          bytes[0] += chunk.length();
          if (bytes[0] > MAX_BYTES) {
            dropped.tryComplete();
          }
        });
    request.endHandler(end -> dropped.tryComplete());
    request.exceptionHandler(dropped::tryFail);
    request.resume();
    return dropped.future().onComplete(done -> vertx.cancelTimer(timer));
  }
}
