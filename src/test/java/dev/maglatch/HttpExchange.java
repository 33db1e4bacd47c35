// SPDX-License-Identifier: Apache-2.0
package dev.maglatch;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.net.http.HttpResponse;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * One request and its answer, as they were on the wire.
 *
 * @param target as it was sent, with its query
 * @param requestBody null if it did not arrive wholly
 * @param answer null if the connection ended before all of it was there
 */
public record HttpExchange(
    String method,
    String target,
    Map<String, List<String>> requestHeaders,
    @Nullable String requestBody,
    @Nullable Answer answer) {

  /** Status, headers (of any case) and body. */
  public record Answer(int status, Map<String, List<String>> headers, String body) {
    /** Returns the first value of a header, or null. */
    @Nullable String header(String name) {
      List<String> values = headers.get(name);
      return values == null || values.isEmpty() ? null : values.get(0);
    }
  }

  /** Returns what {@code response} answered to a request with {@code body}. */
  public static HttpExchange of(HttpResponse<String> response, @Nullable String body) {
    String query = response.request().uri().getRawQuery();
    return new HttpExchange(
        response.request().method(),
        response.request().uri().getRawPath() + (query == null ? "" : "?" + query),
        anyCase(response.request().headers().map()),
        body == null ? "" : body,
        new Answer(response.statusCode(), anyCase(response.headers().map()), response.body()));
  }

  static Map<String, List<String>> anyCase(Map<String, List<String>> headers) {
    Map<String, List<String>> copy = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
    copy.putAll(headers);
    return copy;
  }

  /** Returns the path as it was sent, without the query. */
  String path() {
    int mark = target.indexOf('?');
    return mark < 0 ? target : target.substring(0, mark);
  }

  /** Returns what follows the question mark, or nothing. */
  String query() {
    int mark = target.indexOf('?');
    return mark < 0 ? "" : target.substring(mark + 1);
  }

  boolean hasRequestBody() {
    return requestBody != null && requestBody.getBytes(UTF_8).length > 0;
  }
}
