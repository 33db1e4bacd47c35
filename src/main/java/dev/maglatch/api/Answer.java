// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.api;

import static java.util.Objects.requireNonNull;

import io.vertx.core.MultiMap;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.json.JsonObject;
import org.jspecify.annotations.Nullable;

/**
 * What one request is answered with. What every answer carries is added when it is written: the
 * request id, {@code Cache-Control: no-store}, CORS headers, {@code WWW-Authenticate} on 401.
 *
 * @param headers of this answer alone; owned by it
 * @param body null sends none
 */
public record Answer(int status, MultiMap headers, @Nullable Buffer body) {
  private static final CharSequence JSON = HttpHeaders.createOptimized("application/json");
  private static final CharSequence TEXT = HttpHeaders.createOptimized("text/plain; charset=utf-8");

  public Answer {
    requireNonNull(headers, "headers");
  }

  public static Answer json(int status, JsonObject body) {
    return of(status, JSON, body.toBuffer());
  }

  public static Answer text(int status, String body) {
    return of(status, TEXT, Buffer.buffer(body));
  }

  public static Answer empty(int status) {
    return new Answer(status, HttpHeaders.headers(), null);
  }

  /** Adds one header and returns this answer. */
  public Answer with(CharSequence name, CharSequence value) {
    headers.add(name, value);
    return this;
  }

  private static Answer of(int status, CharSequence type, Buffer body) {
    return new Answer(status, HttpHeaders.headers().set(HttpHeaders.CONTENT_TYPE, type), body);
  }
}
