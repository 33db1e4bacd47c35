// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import static io.vertx.core.http.HttpHeaders.ALLOW;
import static io.vertx.core.http.HttpHeaders.CACHE_CONTROL;
import static io.vertx.core.http.HttpHeaders.CONNECTION;
import static io.vertx.core.http.HttpHeaders.CONTENT_LENGTH;
import static io.vertx.core.http.HttpHeaders.CONTENT_TYPE;

import dev.maglatch.http.BearerToken;
import dev.maglatch.http.Cors;
import dev.maglatch.http.Quota;
import dev.maglatch.http.RequestBody;
import dev.maglatch.http.RequestIds;
import dev.maglatch.key.TokenShape;
import io.vertx.core.Future;
import io.vertx.core.MultiMap;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.net.impl.ConnectionBase;
import org.jspecify.annotations.Nullable;

/**
 * Answers a request on a proxied route with an error of the gateway's own, in the dialect that its
 * caller understands.
 */
final class Rejection {
  private static final CharSequence WWW_AUTHENTICATE =
      HttpHeaders.createOptimized("WWW-Authenticate");
  private static final CharSequence RETRY_AFTER = HttpHeaders.createOptimized("Retry-After");
  private static final CharSequence JSON = HttpHeaders.createOptimized("application/json");
  private static final CharSequence NO_STORE = HttpHeaders.createOptimized("no-store");
  private static final CharSequence CLOSE = HttpHeaders.createOptimized("close");
  private static final CharSequence METHODS =
      HttpHeaders.createOptimized("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
  private static final CharSequence SOON = HttpHeaders.createOptimized("1");
  private static final CharSequence NO_CREDENTIAL =
      HttpHeaders.createOptimized("Bearer realm=\"maglatch\"");
  private static final CharSequence INVALID_TOKEN =
      HttpHeaders.createOptimized("Bearer realm=\"maglatch\", error=\"invalid_token\"");
  private static final CharSequence INSUFFICIENT_SCOPE =
      HttpHeaders.createOptimized("Bearer realm=\"maglatch\", error=\"insufficient_scope\"");

  private final ErrorBodies bodies = new ErrorBodies();
  private final Cors cors;

  Rejection(Cors cors) {
    this.cors = cors;
  }

  /**
   * Refuses {@code request}. If an answer has begun already it is cut off instead, so that it does
   * not look complete.
   *
   * @param path by which the answer takes its shape, if neither credential nor route says it
   * @param route the chosen one; null if none was chosen yet
   * @param token what was sent as a credential, whether it was looked at or not
   * @param quota how the caller's allowance stands; null if it has none
   */
  Future<Void> refuse(
      HttpServerRequest request,
      String requestId,
      @Nullable String path,
      @Nullable Route route,
      BearerToken token,
      Refusal why,
      @Nullable Quota quota) {
    HttpServerResponse response = request.response();
    if (response.ended()) {
      return Future.succeededFuture();
    }
    if (response.headWritten()) {
      return response.reset(Connections.INTERNAL_ERROR);
    }
    response.setStatusCode(why.status());
    writeHeaders(request, requestId, token, why, response.headers());
    if (quota != null) {
      quota.writeTo(response.headers());
    }
    Dialect dialect = dialect(path, route, token);
    Buffer body =
        why == Refusal.RATE_LIMITED && quota != null && dialect == Dialect.MAGICPOST
            ? ErrorBodies.magicPost(quota)
            : bodies.of(dialect, why, looksOurs(token), requestId);
    return endUnread(request, response, body, why.endsConnection());
  }

  /**
   * Ends an answer to a request whose body nobody reads, and with it the connection if a body may
   * still come.
   *
   * @param body null sends none
   * @param broken whether what follows on the connection may not be what it seems
   */
  static Future<Void> endUnread(
      HttpServerRequest request,
      HttpServerResponse response,
      @Nullable Buffer body,
      boolean broken) {
    if (request.version() == HttpVersion.HTTP_2) {
      return endStream(request, response, body);
    }
    boolean last = mustEndConnection(request, broken);
    if (last) {
      response.putHeader(CONNECTION, CLOSE);
      Connections.endUnread(request.connection());
    }
    Future<Void> sent = body == null ? response.end() : response.end(body);
    if (last) {
      ((ConnectionBase) request.connection()).channel().flush(); // broken framing may follow
    }
    request.handler(null).resume(); // nobody will read the rest
    return sent;
  }

  /** The rest of a body is stopped once the answer is on its way, which a reset would overtake. */
  private static Future<Void> endStream(
      HttpServerRequest request, HttpServerResponse response, @Nullable Buffer body) {
    boolean hasBody = body != null && !request.method().equals(HttpMethod.HEAD);
    if (body != null && !hasBody) {
      response.putHeader(CONTENT_LENGTH, Integer.toString(body.length()));
    }
    Future<Void> sent = hasBody ? response.end(body) : response.end();
    return sent.onSuccess(done -> response.reset(Connections.NO_ERROR));
  }

  /** Answers a browser's preflight; only if CORS is on. */
  Future<Void> answerPreflight(HttpServerRequest request, String requestId) {
    HttpServerResponse response = request.response();
    boolean allowed = cors.answerPreflight(request.headers(), response.headers());
    response.putHeader(RequestIds.HEADER, requestId);
    Future<Void> sent = response.setStatusCode(allowed ? 204 : 403).end();
    request.resume();
    return sent;
  }

  /** By the credential if it is MagicPost's, else by the route, else by the path. */
  static Dialect dialect(@Nullable String path, @Nullable Route route, BearerToken token) {
    if (token.startsWith(TokenShape.MP.prefix())) {
      return Dialect.MAGICPOST;
    }
    Dialect wanted = route == null ? null : route.dialect();
    if (wanted != null) {
      return wanted;
    }
    return path == null ? Dialect.MAGPIPE : Dialect.ofPath(path);
  }

  private void writeHeaders(
      HttpServerRequest request,
      String requestId,
      BearerToken token,
      Refusal why,
      MultiMap headers) {
    headers.set(CONTENT_TYPE, JSON);
    headers.set(CACHE_CONTROL, NO_STORE);
    headers.set(RequestIds.HEADER, requestId);
    cors.decorate(request.headers(), headers);
    switch (why.status()) {
      case 401 -> headers.set(WWW_AUTHENTICATE, token.bearerSent() ? INVALID_TOKEN : NO_CREDENTIAL);
      case 403 -> headers.set(WWW_AUTHENTICATE, INSUFFICIENT_SCOPE);
      case 405 -> headers.set(ALLOW, METHODS);
      case 429, 503 -> headers.set(RETRY_AFTER, SOON);
      default -> {} // nothing more to say
    }
  }

  private static boolean looksOurs(BearerToken token) {
    return token.startsWith(TokenShape.MP.prefix()) || token.startsWith(TokenShape.MGP.prefix());
  }

  private static boolean mustEndConnection(HttpServerRequest request, boolean broken) {
    return broken || (!request.isEnded() && RequestBody.isAnnounced(request.headers()));
  }
}
