// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.http;

import io.vertx.core.MultiMap;
import io.vertx.core.http.HttpHeaders;

/** What the head of a request over HTTP/1 says about its body. */
public final class RequestBody {
  private RequestBody() {}

  /** Whether a body follows. */
  public static boolean isAnnounced(MultiMap headers) {
    String length = headers.get(HttpHeaders.CONTENT_LENGTH);
    return length == null ? headers.contains(HttpHeaders.TRANSFER_ENCODING) : !length.equals("0");
  }
}
