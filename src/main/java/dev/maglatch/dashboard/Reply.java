// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.dashboard;

import io.vertx.core.MultiMap;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;

/**
 * What one visit is answered with.
 *
 * @param headers of this answer alone; owned by it
 */
record Reply(int status, MultiMap headers, Buffer body) {
  private static final CharSequence HTML = HttpHeaders.createOptimized("text/html; charset=utf-8");

  static Reply page(int status, String html) {
    return new Reply(
        status, HttpHeaders.headers().set(HttpHeaders.CONTENT_TYPE, HTML), Buffer.buffer(html));
  }

  /** Leads the browser to {@code path}, with GET. */
  static Reply seeOther(String path) {
    return new Reply(303, HttpHeaders.headers(), Buffer.buffer()).with(HttpHeaders.LOCATION, path);
  }

  /** Leads the browser to {@code path}, though a script has asked. */
  static Reply leave(Visit visit, String path) {
    return visit.scripted()
        ? new Reply(401, HttpHeaders.headers(), Buffer.buffer()).with("HX-Redirect", path)
        : seeOther(path);
  }

  /** Adds one header and returns this reply. */
  Reply with(CharSequence name, CharSequence value) {
    headers.add(name, value);
    return this;
  }
}
