// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import static java.util.Objects.requireNonNull;

import dev.maglatch.http.BearerToken;
import dev.maglatch.http.Quota;
import dev.maglatch.key.Principal;
import dev.maglatch.proxy.ForwardAuth.Inquiry;
import dev.maglatch.verify.CredentialVerifier;
import io.vertx.core.MultiMap;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.http.HttpVersion;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * What is known about one request while it is in the gateway. Belongs to one event loop.
 *
 * <p>It ends exactly once, whoever comes first: then metrics and access log hear of it.
 */
final class Exchange {
  private final Loop loop;
  private final HttpServerRequest request;
  private final ClientConnection connection;
  private final long beganNanos;
  private final String requestId;
  private final String clientAddress;
  private final boolean hasBody;

  private BearerToken token = BearerToken.MISSING;
  private @Nullable Route route;
  private @Nullable Inquiry inquiry;
  private @Nullable Principal principal;
  private @Nullable Quota quota;
  private @Nullable List<Quota> windows;
  private boolean legacyFields;
  private @Nullable Decision decision;
  private long tunneledFromClient;
  private long tunneledToClient;
  private boolean ended;

  /** Takes up a request that just arrived. */
  Exchange(Loop loop, HttpServerRequest request) {
    this.loop = loop;
    this.request = request;
    this.connection = loop.clients().of(request.connection());
    this.beganNanos = loop.nanoTime();
    this.requestId = loop.requestIds().of(request.headers());
    this.clientAddress = connection.clientAddress(request.headers());
    this.hasBody = connection.bodyFollows(request);
    connection.requestBegan();
    loop.requestBegan();
    loop.metrics().began();
  }

  HttpServerRequest request() {
    return request;
  }

  HttpServerResponse response() {
    return request.response();
  }

  ClientConnection connection() {
    return connection;
  }

  String requestId() {
    return requestId;
  }

  /** Returns the address at the other end of the connection. */
  String peer() {
    return connection.peer();
  }

  /** Returns the address of the right-most hop that is no trusted proxy. */
  String clientAddress() {
    return clientAddress;
  }

  /** Returns the time as a {@code Date} field has it. */
  CharSequence date() {
    return loop.date();
  }

  long beganNanos() {
    return beganNanos;
  }

  void route(Route route) {
    this.route = route;
  }

  Route route() {
    return requireNonNull(route, "no route yet");
  }

  /** Notes that this is another proxy's question, and what about. */
  void inquiry(Inquiry inquiry) {
    this.inquiry = inquiry;
    this.route = inquiry.routes().isEmpty() ? null : inquiry.routes().get(0);
  }

  /** Returns what another proxy asks; null if this request is to be forwarded itself. */
  @Nullable Inquiry inquiry() {
    return inquiry;
  }

  boolean routed() {
    return route != null;
  }

  /** Returns how long a credential verified before counts here without the database. */
  long maxStaleNanos() {
    if (inquiry != null) {
      return inquiry.maxStaleNanos();
    }
    return route == null ? CredentialVerifier.AS_CONFIGURED : route.access().maxStaleNanos();
  }

  void token(BearerToken token) {
    this.token = token;
  }

  /** Returns the credential that was sent, read or not. */
  BearerToken token() {
    return token;
  }

  void principal(@Nullable Principal principal) {
    this.principal = principal;
  }

  @Nullable Principal principal() {
    return principal;
  }

  /** Notes how the allowance stands that this request asked for its part; null if there is none. */
  void quota(@Nullable Quota quota) {
    this.quota = quota;
  }

  /**
   * Notes how the windows of the route's limit stand.
   *
   * @param legacy whether the answer says so in the old fields too
   */
  void windows(List<Quota> standing, boolean legacy) {
    windows = standing;
    legacyFields = legacy;
  }

  /** Writes what the answer says about allowances: nothing if there are none. */
  void writeQuota(MultiMap headers) {
    if (windows == null) {
      if (quota != null) {
        quota.writeTo(headers);
      }
      return;
    }
    List<Quota> all = new ArrayList<>(windows);
    if (quota != null) {
      all.add(0, quota);
    }
    Quota.writeAll(all, headers);
    writeLegacyFields(headers);
  }

  /** Of several windows the one that ends the caller's requests first. */
  private void writeLegacyFields(MultiMap headers) {
    if (legacyFields && windows != null) {
      Collections.min(windows, Comparator.comparingLong(Quota::remaining))
          .writeLegacyTo(headers, loop.millis() / 1_000);
    }
  }

  /** Returns the key that was accepted; null for sessions and where none was checked. */
  @Nullable UUID keyId() {
    return principal == null ? null : principal.keyId();
  }

  /** Notes what was decided; {@code nanos} as {@link ProxyMetrics#decided} has it. */
  void decided(Decision decision, long nanos) {
    this.decision = decision;
    loop.metrics().decided(decision, nanos);
  }

  /** Whether a body follows the head: by the framing of HTTP/1, by the flags of HTTP/2. */
  boolean hasBody() {
    return hasBody;
  }

  /** Returns the host that the client asked for, perhaps with a port; null if it named none. */
  @Nullable String host() {
    String host = request.getHeader(HttpHeaders.HOST);
    return host == null && isHttp2() ? String.valueOf(request.authority()) : host;
  }

  /** Returns how the client reached us: {@code http} or {@code https}. */
  String scheme() {
    return connection.scheme();
  }

  boolean isHttp2() {
    return request.version() == HttpVersion.HTTP_2;
  }

  /** Whether the client keeps its body back until it is told to go on. */
  boolean expectsContinue() {
    return request.version() != HttpVersion.HTTP_1_0
        && HttpHeaders.CONTINUE.toString().equalsIgnoreCase(request.getHeader(HttpHeaders.EXPECT));
  }

  /** Answers with a refusal. The exchange goes on until {@link #end}. */
  void refuse(Refusal why) {
    if (legacyFields && !response().headWritten()) {
      writeLegacyFields(response().headers());
    }
    String path = inquiry == null ? request.path() : inquiry.path();
    loop.rejection().refuse(request, requestId, path, route, token, why, quota);
  }

  /** Notes bytes that went through after the connection was upgraded. */
  void tunneled(long fromClient, long toClient) {
    tunneledFromClient = fromClient;
    tunneledToClient = toClient;
  }

  boolean ended() {
    return ended;
  }

  /** Ends this exchange unless it ended before. */
  void end(Ending ending) {
    if (ended) {
      return;
    }
    ended = true;
    connection.requestEnded();
    loop.requestEnded();
    loop.metrics().ended(ending);
    if (loop.accessLog() != AccessLog.NONE) {
      loop.accessLog().ended(entry(ending));
    }
  }

  private AccessLog.Entry entry(Ending ending) {
    long nanos = loop.nanoTime() - beganNanos;
    HttpServerResponse response = request.response();
    return new AccessLog.Entry(
        loop.millis() - nanos / 1_000_000,
        request.method().name(),
        String.valueOf(request.path()),
        response.headWritten() || response.ended() ? response.getStatusCode() : 0,
        request.bytesRead() + tunneledFromClient,
        response.bytesWritten() + tunneledToClient,
        nanos,
        requestId,
        keyId(),
        decision == null ? Decision.UNDECIDED : decision,
        ending,
        route == null ? null : route.name(),
        clientAddress);
  }
}
