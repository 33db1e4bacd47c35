// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.api;

import static java.util.Objects.requireNonNull;

import dev.maglatch.http.BearerToken;
import dev.maglatch.http.Quota;
import dev.maglatch.http.RequestBody;
import dev.maglatch.key.Principal;
import dev.maglatch.manage.Actor;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One request on an own route, from its arrival to its answer. Stays on the request's event loop.
 *
 * <p>Who calls is known once the access was checked; the body once it was read.
 */
public final class Call {
  private static final int MAX_USER_AGENT = 512;

  private final HttpServerRequest request;
  private final String requestId;
  private final Map<String, String> pathParameters;
  private final BearerToken bearer;
  private String clientAddress = "";
  private @Nullable Principal principal;
  private @Nullable Quota quota;
  private String credential = "";
  private Buffer body = Buffer.buffer();

  Call(HttpServerRequest request, String requestId, Map<String, String> pathParameters) {
    this.request = request;
    this.requestId = requestId;
    this.pathParameters = pathParameters;
    this.bearer = BearerToken.of(request.headers());
  }

  /** Returns the request itself: for its headers and cookies, not for its body. */
  public HttpServerRequest request() {
    return request;
  }

  public HttpMethod method() {
    return request.method();
  }

  public String requestId() {
    return requestId;
  }

  /**
   * Returns the credential of the {@code Authorization} header, whether this route reads it or not.
   */
  public BearerToken bearer() {
    return bearer;
  }

  /** Returns the address of the right-most hop that is no trusted proxy. */
  public String clientAddress() {
    return clientAddress;
  }

  /** Returns the {@code User-Agent}, at most 512 characters of it; null if none was sent. */
  public @Nullable String userAgent() {
    String sent = request.getHeader(HttpHeaders.USER_AGENT);
    return sent == null || sent.length() <= MAX_USER_AGENT
        ? sent
        : sent.substring(0, MAX_USER_AGENT);
  }

  /** Returns the decoded path parameter of that name, which the route's template must have. */
  public String pathParameter(String name) {
    return requireNonNull(pathParameters.get(name), name);
  }

  /**
   * Returns the first query parameter of that name, or null. A value that cannot be decoded is
   * returned as it was sent.
   */
  public @Nullable String query(String name) {
    String query = request.query();
    if (query == null) {
      return null;
    }
    for (String pair : query.split("&", -1)) {
      int equals = pair.indexOf('=');
      if (name.equals(decoded(equals < 0 ? pair : pair.substring(0, equals)))) {
        return equals < 0 ? "" : decoded(pair.substring(equals + 1));
      }
    }
    return null;
  }

  /** Returns who calls. Throws {@link NullPointerException} on a route that asks nobody. */
  public Principal principal() {
    return requireNonNull(principal, "this route has no principal");
  }

  /** Returns who calls, as the audit names it. */
  public Actor actor() {
    return Actor.of(principal(), credential, clientAddress);
  }

  /** Returns how the caller's allowance stands; null if it has none. */
  public @Nullable Quota quota() {
    return quota;
  }

  /** Returns the body; empty if there was none. */
  public Buffer body() {
    return body;
  }

  void cameFrom(String address) {
    this.clientAddress = address;
  }

  void admitted(Principal caller, String sessionName) {
    this.principal = caller;
    this.credential = caller.keyId() == null ? sessionName : "key:" + caller.keyId();
  }

  void quota(@Nullable Quota allowance) {
    this.quota = allowance;
  }

  void received(Buffer whole) {
    this.body = whole;
  }

  /** Whether bytes of a body may still be on their way. */
  boolean hasUnreadBody() {
    return !request.isEnded() && (isOpenEnded() || RequestBody.isAnnounced(request.headers()));
  }

  /** In HTTP/2 a body needs no announcement. */
  private boolean isOpenEnded() {
    return request.version() == HttpVersion.HTTP_2
        && !request.headers().contains(HttpHeaders.CONTENT_LENGTH);
  }

  private static String decoded(String text) {
    return RawPath.decoded(text.replace('+', ' '));
  }
}
