// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import static java.util.Objects.requireNonNull;

import dev.maglatch.fault.Fault;
import io.netty.channel.ConnectTimeoutException;
import io.vertx.core.MultiMap;
import io.vertx.core.VertxException;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.ConnectionPoolTooBusyException;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.http.HttpVersion;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** Streams one request to its upstream and the answer back. */
final class Relay extends Deadlines.Entry {
  /*
   * Two streams, four ends, and any of them may break first. The rules:
   *
   * - "done" is set once, by whoever comes first; every callback looks at it before it acts.
   * - A source that is faster than its sink is paused until the sink has drained. Nothing is ever
   *   gathered.
   * - An answer that breaks after its head was written is cut off, never ended: a truncated body
   *   must not look complete.
   * - The upstream connection goes back to the pool by itself when both directions have ended. Until
   *   the request has ended it must be closed rather than reset, because a Vert.x reset of a
   *   half-sent request whose answer is complete returns the connection to the pool as it is. Once
   *   the request has ended and the answer begun it must be reset rather than closed, because the
   *   pool may have given the connection to somebody else already.
   * - A head waits for the first chunk of its body, but only until what was read together with it
   *   has been handled: usually one write instead of two, and a slow stream still begins at once.
   */
  private static final CharSequence ZERO = HttpHeaders.createOptimized("0");
  private static final long LINGER_MILLIS = 2_000;
  private static final long LAPSED_LINGER_MILLIS = 400;
  private static final long UNKNOWN = -1;

  private final Forwarder forwarder;
  private final Loop loop;
  private final Exchange exchange;
  private final HttpServerRequest request;
  private final HttpServerResponse response;
  private final boolean upgrade;
  private final boolean hasBody;

  private @Nullable HttpClientRequest outbound;
  private @Nullable HttpClientResponse inbound;
  private boolean requestEnded;
  private boolean retried;
  private boolean endsWithClose;
  private boolean done;
  private @Nullable Vigil vigil;
  private long received;
  private long announced = UNKNOWN;
  private long relayed;
  private long progressNanos;
  private long answeredNanos;
  private long unsentByUs;
  private long unsentByUpstream;

  Relay(Forwarder forwarder, Exchange exchange) {
    this.forwarder = forwarder;
    this.loop = forwarder.loop();
    this.exchange = exchange;
    this.request = exchange.request();
    this.response = exchange.response();
    this.upgrade = Upgrades.wanted(request);
    this.hasBody = !upgrade && exchange.hasBody();
    this.progressNanos = loop.nanoTime();
  }

  /** Begins; all else happens by callbacks. The request is paused if it has a body. */
  void start() {
    response.closeHandler(gone -> abandon(Ending.CLIENT_GONE));
    if (hasBody) {
      request.exceptionHandler(this::clientBroke);
    }
    loop.deadlines().add(this);
    connect();
  }

  private void connect() {
    Route route = exchange.route();
    UpstreamClient client = forwarder.client();
    (upgrade ? client.requestAlone(route) : client.request(route)).onComplete(this::connected);
  }

  private void connected(@Nullable HttpClientRequest fresh, @Nullable Throwable failure) {
    if (fresh == null) {
      fail(faultOf(requireNonNull(failure, "failure")));
      return;
    }
    fresh.exceptionHandler(this::upstreamBroke);
    outbound = fresh;
    if (done) {
      giveBack(fresh);
      return;
    }
    fresh.setMethod(request.method());
    fresh.setURI(exchange.route().upstream().basePath() + request.uri());
    try {
      forwarder.writeHeaders(exchange, fresh.headers());
    } catch (IllegalArgumentException unwritable) {
      refuse(Refusal.BAD_REQUEST, Ending.CLIENT_BROKEN);
      return;
    }
    progressed();
    send(fresh);
  }

  /** Nothing was sent on it yet, so that it is as good as before. */
  private void giveBack(HttpClientRequest unused) {
    if (upgrade) {
      unused.connection().close();
    } else {
      unused.reset();
    }
  }

  // The way up.

  private void send(HttpClientRequest out) {
    if (upgrade) {
      requestEnded = true;
      Upgrades.write(out.headers());
      out.connect().onComplete(this::answered);
      return;
    }
    out.response().onComplete(this::answered);
    out.earlyHintsHandler(this::relayEarlyHints);
    if (hasBody) {
      sendBody(out);
    } else {
      if (usuallyHasBody(request.method())) {
        out.putHeader(HttpHeaders.CONTENT_LENGTH, ZERO);
      }
      requestEnded = true;
      out.end();
    }
  }

  private static boolean usuallyHasBody(HttpMethod method) {
    return method.equals(HttpMethod.POST)
        || method.equals(HttpMethod.PUT)
        || method.equals(HttpMethod.PATCH);
  }

  private void sendBody(HttpClientRequest out) {
    String length = request.getHeader(HttpHeaders.CONTENT_LENGTH);
    if (length == null) {
      out.setChunked(true);
    } else {
      out.putHeader(HttpHeaders.CONTENT_LENGTH, length);
    }
    if (exchange.expectsContinue()) {
      response.writeContinue();
    }
    loop.later(this::sendHeadNow);
    out.drainHandler(drained -> resumeRequest());
    request.handler(this::relayRequestChunk);
    request.endHandler(end -> endRequest());
    request.resume();
  }

  /** The client may wait for an answer before it goes on. */
  private void sendHeadNow() {
    HttpClientRequest out = outbound;
    if (!done && !requestEnded && received == 0 && out != null) {
      out.sendHead();
    }
  }

  private void relayRequestChunk(Buffer chunk) {
    HttpClientRequest out = outbound;
    if (done || out == null) {
      return;
    }
    progressed();
    received += chunk.length();
    if (received > exchange.route().maxBodyBytes()) {
      refuse(Refusal.BODY_TOO_LARGE, Ending.ANSWERED);
      return;
    }
    out.write(chunk);
    if (out.writeQueueFull()) {
      request.pause();
    }
  }

  private void resumeRequest() {
    if (!done && !requestEnded) {
      progressed();
      request.resume();
    }
  }

  private void endRequest() {
    HttpClientRequest out = outbound;
    if (done || out == null) {
      return;
    }
    progressed();
    requestEnded = true;
    io.netty.handler.codec.http.HttpHeaders trailers = exchange.connection().trailersOf(request);
    if (trailers != null) {
      RequestTrailers.attach(trailers, out.connection());
    }
    out.end();
  }

  // The way back.

  private void relayEarlyHints(MultiMap hints) {
    if (!done && !response.headWritten() && request.version() != HttpVersion.HTTP_1_0) {
      MultiMap passed = HttpHeaders.headers();
      HeaderRules.copyHints(hints, passed);
      response.writeEarlyHints(passed);
    }
  }

  private void answered(@Nullable HttpClientResponse in, @Nullable Throwable failure) {
    if (done) {
      return;
    }
    if (in == null) {
      upstreamBroke(requireNonNull(failure, "failure"));
      return;
    }
    inbound = in;
    vigil = null; // of the body that came up; now one goes down
    progressed();
    answeredNanos = progressNanos;
    loop.metrics()
        .upstreamAnswered(
            exchange.route().name(), in.statusCode(), progressNanos - exchange.beganNanos());
    if (upgrade && in.statusCode() == 101) {
      openTunnel(in);
    } else {
      beginAnswer(in);
    }
  }

  private void openTunnel(HttpClientResponse in) {
    finish();
    forwarder.writeHeaders(exchange, in, response.headers());
    Upgrades.write(response.headers());
    new Tunnel(loop, exchange, in).open();
  }

  private void beginAnswer(HttpClientResponse in) {
    if (in.statusCode() < 200 || !plainlyFramed(in.headers())) {
      upstreamBroke(new VertxException("unusable answer, status " + in.statusCode(), true));
      return;
    }
    in.handler(this::relayAnswerChunk);
    in.endHandler(end -> endAnswer());
    in.exceptionHandler(this::upstreamBroke);
    response.drainHandler(drained -> resumeAnswer());
    try {
      response.setStatusCode(in.statusCode());
      forwarder.writeHeaders(exchange, in, response.headers());
      frame(in);
    } catch (IllegalArgumentException unwritable) {
      upstreamBroke(unwritable);
    }
  }

  /** Whether nothing but chunking was done to the body on the way: else it could not be passed. */
  private static boolean plainlyFramed(MultiMap headers) {
    String coding = headers.get(HttpHeaders.TRANSFER_ENCODING);
    return coding == null || coding.equalsIgnoreCase("chunked");
  }

  private void frame(HttpClientResponse in) {
    if (loop.draining()) {
      response.headersEndHandler(last -> closeAfterThis());
    }
    String length = in.getHeader(HttpHeaders.CONTENT_LENGTH);
    if (in.statusCode() == 204) {
      return;
    }
    if (request.method().equals(HttpMethod.HEAD) || in.statusCode() == 304) {
      if (length != null) {
        response.putHeader(HttpHeaders.CONTENT_LENGTH, length);
      }
      return;
    }
    if (length != null) {
      announced = Long.parseLong(length);
      response.putHeader(HttpHeaders.CONTENT_LENGTH, length);
    } else {
      response.setChunked(true);
      endsWithClose = request.version() == HttpVersion.HTTP_1_0;
    }
    if (endsWithClose) {
      response.headersEndHandler(last -> closeAfterThis());
    }
    loop.later(this::writeHeadNow);
  }

  private void closeAfterThis() {
    response.headers().set(HttpHeaders.CONNECTION, HttpHeaders.CLOSE);
  }

  private void writeHeadNow() {
    if (!done && !endsWithClose && !response.headWritten()) {
      response.writeHead();
    }
  }

  private void relayAnswerChunk(Buffer chunk) {
    HttpClientResponse in = inbound;
    if (done || in == null) {
      return;
    }
    progressed();
    relayed += chunk.length();
    if (relayed == announced) {
      complete(chunk);
      return;
    }
    response.write(chunk);
    if (response.writeQueueFull()) {
      in.pause();
    }
  }

  private void resumeAnswer() {
    HttpClientResponse in = inbound;
    if (!done && in != null) {
      progressed();
      in.resume();
    }
  }

  private void endAnswer() {
    HttpClientResponse in = inbound;
    if (done || in == null) {
      return;
    }
    if (!in.trailers().isEmpty() && response.isChunked()) {
      HeaderRules.copyTrailers(in.trailers(), response.trailers());
    }
    complete(null);
  }

  private void complete(@Nullable Buffer last) {
    finish();
    var written = last == null ? response.end() : response.end(last);
    if (endsWithClose) {
      written.onComplete(sent -> request.connection().close());
    }
    HttpClientRequest out = outbound;
    if (out != null && (upgrade || !requestEnded)) {
      Connections.abort(out.connection()); // it is in the middle of something
    }
    if (!requestEnded) {
      dropRestOfRequest();
    }
    exchange.end(Ending.RELAYED);
  }

  /** The answer came before the whole request was sent: nobody wants the rest. */
  private void dropRestOfRequest() {
    request.connection().shutdown(LINGER_MILLIS, TimeUnit.MILLISECONDS);
    request.handler(null);
    request.resume();
  }

  // What goes wrong.

  /** The client left, or is to leave. */
  private void abandon(Ending ending) {
    if (done) {
      return;
    }
    finish();
    dropUpstream();
    exchange.end(ending);
  }

  /** The body of the request is not what its framing promised. */
  private void clientBroke(Throwable cause) {
    if (done) {
      return;
    }
    refuse(Refusal.BAD_REQUEST, Ending.CLIENT_BROKEN);
    Connections.flush(request.connection()); // Vert.x closes as soon as this returns
  }

  private void upstreamBroke(Throwable cause) {
    if (done) {
      return;
    }
    if (mayRetry()) {
      retried = true;
      loop.metrics().retried(exchange.route().name());
      dropUpstream();
      outbound = null;
      connect();
      return;
    }
    fail(faultOf(cause));
  }

  /** Whether the upstream had closed a kept connection, and sending again can do no harm. */
  private boolean mayRetry() {
    HttpClientRequest out = outbound;
    return out != null
        && !retried
        && !hasBody
        && !upgrade
        && inbound == null
        && out.streamId() > 1 // not the first on its connection
        && isIdempotent(request.method());
  }

  private static boolean isIdempotent(HttpMethod method) {
    return method.equals(HttpMethod.GET)
        || method.equals(HttpMethod.HEAD)
        || method.equals(HttpMethod.OPTIONS)
        || method.equals(HttpMethod.PUT)
        || method.equals(HttpMethod.DELETE);
  }

  private static Fault faultOf(Throwable cause) {
    if (cause instanceof ConnectionPoolTooBusyException || cause instanceof TimeoutException) {
      return Fault.of(Fault.Code.OVERLOADED, "no upstream connection free: " + cause, cause);
    }
    if (cause instanceof ConnectTimeoutException) {
      return Fault.of(Fault.Code.UPSTREAM_TIMEOUT, "upstream not reached in time: " + cause, cause);
    }
    return Fault.of(Fault.Code.UPSTREAM_BROKEN, "upstream refused or broke: " + cause, cause);
  }

  private void fail(Fault fault) {
    if (done) {
      return;
    }
    boolean overloaded = fault.code() == Fault.Code.OVERLOADED;
    loop.metrics().upstreamFailed(exchange.route().name(), fault.code());
    loop.complain(exchange, fault);
    refuse(Refusal.of(fault.code()), overloaded ? Ending.OVERLOADED : Ending.UPSTREAM_FAILED);
  }

  /** Answers with a refusal, or cuts off what was begun. */
  private void refuse(Refusal why, Ending ending) {
    finish();
    dropUpstream();
    if (response.headWritten()) {
      cutOff();
    } else {
      response.headers().clear();
      exchange.refuse(why);
    }
    exchange.end(ending);
  }

  private void cutOff() {
    if (endsWithClose) {
      Connections.reset(request.connection());
    } else if (request.version() == HttpVersion.HTTP_2) {
      response.reset();
    } else {
      Connections.abort(request.connection());
    }
  }

  private void dropUpstream() {
    HttpClientRequest out = outbound;
    if (out == null) {
      return;
    }
    if (requestEnded && inbound != null && !upgrade) {
      out.reset();
    } else {
      Connections.abort(out.connection());
    }
  }

  private void finish() {
    done = true;
    loop.deadlines().remove(this);
  }

  // Time.

  private void progressed() {
    progressNanos = loop.nanoTime();
  }

  @Override
  void check(long nowNanos) {
    Lapse lapse = bodyIsOpen() ? vigil().look(nowNanos) : null;
    if (lapse != null) {
      endFor(lapse);
      return;
    }
    if (someBytesWereTaken()) {
      progressNanos = nowNanos;
    }
    Route.Timeouts timeouts = exchange.route().timeouts();
    boolean waitsForHead = requestEnded && inbound == null;
    long allowed = (waitsForHead ? timeouts.head() : timeouts.idle()).toNanos();
    if (nowNanos - progressNanos < allowed) {
      return;
    }
    if (waitsForHead || outbound == null) {
      fail(Fault.of(Fault.Code.UPSTREAM_TIMEOUT, "no response head in time", null));
    } else {
      stalled();
    }
  }

  /**
   * Whether a body is on its way. A request that waits for its answer is none: it was admitted, and
   * may be the very one that revokes its own key.
   */
  private boolean bodyIsOpen() {
    return inbound != null || (outbound != null && !requestEnded);
  }

  /** Returns who looks at the credential from now on, when the body has just been found open. */
  private Vigil vigil() {
    if (vigil == null) {
      vigil = new Vigil(loop, exchange, inbound == null ? exchange.beganNanos() : answeredNanos);
    }
    return vigil;
  }

  /** Rule 8: what was begun gets no proper end. */
  private void endFor(Lapse lapse) {
    loop.lapsed(exchange, lapse);
    if (!response.headWritten()) {
      refuse(lapse.refusal(), Ending.CREDENTIAL_LAPSED);
      loop.later(LAPSED_LINGER_MILLIS, () -> Connections.abort(request.connection()));
      return;
    }
    finish();
    dropUpstream();
    if (request.version() == HttpVersion.HTTP_2) {
      response.reset();
    } else {
      Connections.reset(request.connection());
    }
    exchange.end(Ending.CREDENTIAL_LAPSED);
  }

  /** Whether a full sink has moved since the last look, slowly as it may be. */
  private boolean someBytesWereTaken() {
    HttpClientRequest out = outbound;
    long byUs = Connections.unsent(request.connection());
    long byUpstream = out == null ? 0 : Connections.unsent(out.connection());
    boolean taken = byUs < unsentByUs || byUpstream < unsentByUpstream;
    unsentByUs = byUs;
    unsentByUpstream = byUpstream;
    return taken;
  }

  private void stalled() {
    HttpClientRequest out = outbound;
    boolean clientStalls =
        inbound == null ? out != null && !out.writeQueueFull() : response.writeQueueFull();
    if (clientStalls) {
      refuse(Refusal.HEAD_TIMEOUT, Ending.CLIENT_BROKEN);
    } else {
      fail(Fault.of(Fault.Code.UPSTREAM_TIMEOUT, "the upstream stalled", null));
    }
  }
}
