// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import static java.util.Objects.requireNonNull;

import dev.maglatch.fault.Fault;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ConnectTimeoutException;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.ssl.SslHandshakeTimeoutException;
import io.vertx.core.Future;
import io.vertx.core.MultiMap;
import io.vertx.core.VertxException;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.internal.buffer.BufferInternal;
import org.jspecify.annotations.Nullable;

/** Streams one request to its upstream and the answer back. */
final class Relay extends Deadlines.Entry implements UpstreamLine.Waiter, ResponseSink {
  /*
   * Two streams, four ends, and any of them may break first. The rules:
   *
   * - "done" is set once, by whoever comes first; every callback looks at it before it acts.
   * - A source that is faster than its sink is paused until the sink has drained. Nothing is ever
   *   gathered.
   * - An answer that breaks after its head was written is cut off, never ended: a truncated body
   *   must not look complete.
   * - The upstream connection goes back to the pool by itself when both directions have ended, and
   *   may be somebody else's the next moment: "outbound" is null from then on. Ended in any other
   *   way, an exchange costs its connection.
   * - A head waits for the first chunk of its body, but only until what was read together with it
   *   has been handled: usually one write instead of two, and a slow stream still begins at once.
   */
  private static final CharSequence CHUNKED = HttpHeaders.createOptimized("chunked");
  private static final CharSequence ZERO = HttpHeaders.createOptimized("0");
  private static final long LAPSED_LINGER_MILLIS = 400;
  private static final int SWITCHING_PROTOCOLS = 101;

  private final Forwarder forwarder;
  private final Loop loop;
  private final Destination destination;
  private final Exchange exchange;
  private final HttpServerRequest request;
  private final HttpServerResponse response;
  private final boolean hasBody;
  private final boolean upgrade;

  private @Nullable Endpoint endpoint;
  private @Nullable UpstreamStream outbound;
  private boolean entered;
  private boolean answered;
  private boolean requestEnded;
  private boolean retried;
  private boolean endsWithClose;
  private boolean done;
  private @Nullable Vigil vigil;
  private long received;
  private long progressNanos;
  private long answeredNanos;
  private long paceNanos;
  private long paceBytes;
  private long unsentByUs;
  private long unsentByUpstream;

  Relay(Forwarder forwarder, Exchange exchange) {
    this.forwarder = forwarder;
    this.loop = forwarder.loop();
    this.exchange = exchange;
    this.destination = forwarder.client().to(exchange.route());
    this.request = exchange.request();
    this.response = exchange.response();
    this.hasBody = exchange.hasBody();
    this.upgrade = !hasBody && Upgrades.wanted(request); // what has a body is an ordinary request
    this.progressNanos = loop.nanoTime();
    this.paceNanos = progressNanos;
  }

  /** Begins; all else happens by callbacks. The request is paused if it has a body. */
  void start() {
    response.closeHandler(gone -> abandon(Ending.CLIENT_GONE));
    if (hasBody) {
      request.exceptionHandler(this::clientBroke);
    }
    loop.deadlines().add(this);
    entered = destination.enter();
    if (entered) {
      connect(destination.choose(null));
    } else {
      fail(Fault.of(Fault.Code.OVERLOADED, "too many requests under way to the upstream", null));
    }
  }

  private void connect(Endpoint to) {
    progressed();
    endpoint = to;
    to.enter();
    if (upgrade) {
      to.line().connectAlone(this);
    } else {
      to.line().acquire(this);
    }
  }

  @Override
  public void notConnected(Throwable cause) {
    if (done) {
      return;
    }
    boolean busy = cause instanceof PoolBusyException;
    if (!busy) {
      endpointFailed();
    }
    if (!busy && !retried && destination.hasOther() && destination.mayRepeat()) {
      sendAgain(); // nothing was sent, so any request may go elsewhere
    } else {
      fail(faultOf(cause));
    }
  }

  @Override
  public void connected(UpstreamStream fresh) {
    if (done) {
      fresh.giveBack();
      return;
    }
    String length = hasBody ? request.getHeader(HttpHeaders.CONTENT_LENGTH) : null;
    boolean inChunks = hasBody && length == null;
    try {
      writeHead(fresh.head(), length, inChunks);
    } catch (IllegalArgumentException unwritable) {
      fresh.giveBack();
      refuse(Refusal.BAD_REQUEST, Ending.CLIENT_BROKEN);
      return;
    }
    progressed();
    outbound = fresh;
    fresh.begin(this);
    requestEnded = !hasBody;
    if (upgrade) {
      fresh.sendUpgrade();
    } else {
      fresh.send(request.method().equals(HttpMethod.HEAD), hasBody, inChunks);
    }
    if (hasBody) {
      sendBody();
    }
  }

  // The way up.

  private void writeHead(RequestFields head, @Nullable String length, boolean inChunks) {
    Upstream to = requireNonNull(endpoint, "endpoint").url();
    if (inChunks) {
      forwarder.writeHead(head, exchange, to, HttpHeaders.TRANSFER_ENCODING, CHUNKED, false);
    } else if (length == null && !usuallyHasBody(request.method())) {
      forwarder.writeHead(head, exchange, to, null, "", upgrade);
    } else {
      CharSequence framed = length == null ? ZERO : length;
      forwarder.writeHead(head, exchange, to, HttpHeaders.CONTENT_LENGTH, framed, upgrade);
    }
  }

  private static boolean usuallyHasBody(HttpMethod method) {
    return method.equals(HttpMethod.POST)
        || method.equals(HttpMethod.PUT)
        || method.equals(HttpMethod.PATCH);
  }

  private void sendBody() {
    if (exchange.expectsContinue()) {
      response.writeContinue();
    }
    loop.later(this::sendHeadNow);
    request.handler(this::relayRequestChunk);
    request.endHandler(end -> endRequest());
    request.resume();
  }

  /** The client may wait for an answer before it goes on. */
  private void sendHeadNow() {
    UpstreamStream out = outbound;
    if (!done && !requestEnded && received == 0 && out != null) {
      out.flush();
    }
  }

  private void relayRequestChunk(Buffer chunk) {
    UpstreamStream out = outbound;
    if (done || out == null) {
      return;
    }
    progressed();
    received += chunk.length();
    if (received > exchange.route().maxBodyBytes()) {
      refuse(Refusal.BODY_TOO_LARGE, Ending.ANSWERED);
      return;
    }
    out.write(((BufferInternal) chunk).getByteBuf());
    if (out.full()) {
      request.pause();
    }
  }

  @Override
  public void drained() {
    if (!done && !requestEnded) {
      progressed();
      request.resume();
    }
  }

  private void endRequest() {
    UpstreamStream out = outbound;
    if (done || out == null) {
      return;
    }
    progressed();
    requestEnded = true;
    out.end(exchange.connection().trailersOf(request));
  }

  // The way back.

  @Override
  public void hints(io.netty.handler.codec.http.HttpHeaders hints) {
    if (!done
        && !response.headWritten()
        && !response.writeQueueFull() // a hint is no loss
        && request.version() != HttpVersion.HTTP_1_0) {
      MultiMap passed = HttpHeaders.headers();
      HeaderRules.copyHints(hints, passed);
      response.writeEarlyHints(passed);
    }
  }

  @Override
  public void head(HttpResponse head) {
    if (done) {
      return;
    }
    answered = true;
    requireNonNull(endpoint, "endpoint").answered();
    vigil = null; // of the body that came up; now one goes down
    progressed();
    answeredNanos = progressNanos;
    paceNanos = progressNanos;
    paceBytes = 0;
    int status = head.status().code();
    loop.metrics()
        .upstreamAnswered(exchange.route().name(), status, progressNanos - exchange.beganNanos());
    if (status == SWITCHING_PROTOCOLS) {
      openTunnel(head);
    } else {
      beginAnswer(head, status);
    }
  }

  private void openTunnel(HttpResponse head) {
    UpstreamStream switching = requireNonNull(outbound, "outbound");
    outbound = null;
    finish();
    leaveEndpoint();
    forwarder.writeHeaders(exchange, head.headers(), response.headers());
    Upgrades.write(response.headers());
    new Tunnel(loop, exchange, switching).open();
  }

  private void beginAnswer(HttpResponse head, int status) {
    if (!plainlyFramed(head.headers())) {
      upstreamBroke(new VertxException("unusable answer, status " + status, true));
      return;
    }
    try {
      response.setStatusCode(status);
      forwarder.writeHeaders(exchange, head.headers(), response.headers());
      frame(head.headers().get(HttpHeaders.CONTENT_LENGTH), status);
    } catch (IllegalArgumentException unwritable) {
      upstreamBroke(unwritable);
    }
  }

  /** Whether nothing but chunking was done to the body on the way: else it could not be passed. */
  private static boolean plainlyFramed(io.netty.handler.codec.http.HttpHeaders headers) {
    String coding = headers.get(HttpHeaders.TRANSFER_ENCODING);
    return coding == null
        || (coding.equalsIgnoreCase("chunked")
            && headers.getAll(HttpHeaders.TRANSFER_ENCODING).size() == 1);
  }

  private void frame(@Nullable String length, int status) {
    if (status == 204) {
      return;
    }
    if (request.method().equals(HttpMethod.HEAD) || status == 304) {
      if (length != null) {
        response.putHeader(HttpHeaders.CONTENT_LENGTH, length);
      }
      return;
    }
    if (length != null) {
      response.putHeader(HttpHeaders.CONTENT_LENGTH, length);
    } else {
      response.setChunked(true);
      endsWithClose = request.version() == HttpVersion.HTTP_1_0;
    }
    if (endsWithClose) {
      response.headersEndHandler(last -> closeAfterThis());
    }
  }

  private void closeAfterThis() {
    response.headers().set(HttpHeaders.CONNECTION, HttpHeaders.CLOSE);
  }

  @Override
  public void readComplete() {
    if (answered && !done && !endsWithClose && !response.headWritten()) {
      response.writeHead();
    }
  }

  @Override
  public void chunk(ByteBuf content) {
    UpstreamStream in = outbound;
    if (done || in == null || !content.isReadable()) {
      return;
    }
    progressed();
    response.write(copy(content));
    if (response.writeQueueFull()) {
      in.pause();
      response.drainHandler(drained -> resumeAnswer());
    }
  }

  /** Vert.x keeps what it writes for as long as it likes, so it gets memory of its own. */
  private static Buffer copy(ByteBuf content) {
    return BufferInternal.safeBuffer(content.retain());
  }

  private void resumeAnswer() {
    UpstreamStream in = outbound;
    if (!done && in != null) {
      progressed();
      in.resume();
    }
  }

  @Override
  public void end(ByteBuf content, io.netty.handler.codec.http.HttpHeaders trailers) {
    if (requestEnded) {
      outbound = null;
    }
    if (done) {
      return;
    }
    if (!trailers.isEmpty()
        && (response.isChunked() || exchange.isHttp2())
        && !passTrailers(trailers)) {
      return;
    }
    complete(content.isReadable() ? copy(content) : null);
  }

  /** Returns whether they could be written; else the answer was cut off. */
  private boolean passTrailers(io.netty.handler.codec.http.HttpHeaders trailers) {
    try {
      HeaderRules.copyTrailers(trailers, response.trailers());
      return true;
    } catch (IllegalArgumentException unwritable) {
      fail(faultOf(unwritable));
      return false;
    }
  }

  private void complete(@Nullable Buffer last) {
    finish();
    Future<Void> written = last == null ? response.end() : response.end(last);
    if (endsWithClose) {
      written.onComplete(sent -> request.connection().close());
    }
    dropUpstream(); // it may be in the middle of something
    if (!requestEnded) {
      dropRestOfRequest(written);
    }
    exchange.end(Ending.RELAYED);
  }

  /** The answer came before the whole request was sent: nobody wants the rest. */
  private void dropRestOfRequest(Future<Void> answer) {
    if (exchange.isHttp2()) {
      answer.onSuccess(sent -> response.reset(Connections.NO_ERROR));
      return;
    }
    Connections.endUnread(request.connection());
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
    if (exchange.isHttp2() && !(cause instanceof Http2Exception)) {
      abandon(Ending.CLIENT_GONE); // it has reset the stream, or closed the connection
      return;
    }
    refuse(Refusal.BAD_REQUEST, Ending.CLIENT_BROKEN);
    Connections.flush(request.connection()); // Vert.x closes as soon as this returns
  }

  @Override
  public void broke(Throwable cause) {
    if (!done) {
      upstreamBroke(cause);
    }
  }

  private void upstreamBroke(Throwable cause) {
    UpstreamStream out = outbound;
    boolean stale = out != null && !out.fresh() && !out.heard();
    if (!stale && !answered) {
      endpointFailed();
    }
    if (mayRetry(stale)) {
      sendAgain();
    } else {
      fail(faultOf(cause));
    }
  }

  private void sendAgain() {
    retried = true;
    loop.metrics().retried(exchange.route().name());
    Endpoint failed = endpoint;
    dropUpstream();
    connect(destination.choose(failed));
  }

  private void endpointFailed() {
    Endpoint failed = endpoint;
    if (failed != null && destination.failed(failed)) {
      loop.metrics().ejected(exchange.route().name());
    }
  }

  /**
   * Whether sending again can do no harm and some good.
   *
   * @param stale whether the upstream had just closed a kept connection
   */
  private boolean mayRetry(boolean stale) {
    UpstreamStream out = outbound;
    return out != null
        && !retried
        && !hasBody
        && !upgrade
        && !answered
        && !out.heard()
        && (stale || destination.hasOther())
        && (isIdempotent(request.method()) || out.unprocessed())
        && destination.mayRepeat();
  }

  private static boolean isIdempotent(HttpMethod method) {
    return method.equals(HttpMethod.GET)
        || method.equals(HttpMethod.HEAD)
        || method.equals(HttpMethod.OPTIONS)
        || method.equals(HttpMethod.PUT)
        || method.equals(HttpMethod.DELETE);
  }

  private static Fault faultOf(Throwable cause) {
    if (cause instanceof PoolBusyException) {
      return Fault.of(Fault.Code.OVERLOADED, "no upstream connection free: " + cause, cause);
    }
    if (cause instanceof ConnectTimeoutException
        || cause.getCause() instanceof SslHandshakeTimeoutException) {
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
    } else if (exchange.isHttp2()) {
      response.reset(Connections.INTERNAL_ERROR);
    } else {
      Connections.abort(request.connection());
    }
  }

  /** Gives up the connection, or the wish for one. */
  private void dropUpstream() {
    UpstreamStream out = outbound;
    outbound = null;
    Endpoint from = endpoint;
    if (out != null) {
      out.abort();
    } else if (from != null && !answered && !upgrade) {
      from.line().withdraw(this);
    }
    leaveEndpoint();
  }

  private void leaveEndpoint() {
    Endpoint left = endpoint;
    endpoint = null;
    if (left != null) {
      left.leave();
    }
  }

  private void finish() {
    done = true;
    if (entered) {
      destination.leave();
    }
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
    if (clientIsTooSlow(nowNanos)) {
      refuse(Refusal.HEAD_TIMEOUT, Ending.CLIENT_SLOW);
      return;
    }
    if (someBytesWereTaken()) {
      progressNanos = nowNanos;
    }
    Route.Timeouts timeouts = exchange.route().timeouts();
    if (outbound == null) {
      failIfWaitedTooLong(nowNanos - progressNanos);
      return;
    }
    boolean waitsForHead = requestEnded && !answered;
    long allowed = (waitsForHead ? timeouts.head() : timeouts.idle()).toNanos();
    if (nowNanos - progressNanos < allowed) {
      return;
    }
    if (waitsForHead) {
      endpointFailed();
      fail(Fault.of(Fault.Code.UPSTREAM_TIMEOUT, "no response head in time", null));
    } else {
      stalled();
    }
  }

  private void failIfWaitedTooLong(long nanos) {
    if (nanos >= destination.maxWaitNanos()) {
      fail(Fault.of(Fault.Code.OVERLOADED, "no upstream connection got free in time", null));
    }
  }

  /**
   * Whether a body is on its way. A request that waits for its answer is none: it was admitted, and
   * may be the very one that revokes its own key.
   */
  private boolean bodyIsOpen() {
    return answered || (outbound != null && !requestEnded);
  }

  /** Returns who looks at the credential from now on, when the body has just been found open. */
  private Vigil vigil() {
    if (vigil == null) {
      vigil = new Vigil(loop, exchange, answered ? answeredNanos : exchange.beganNanos());
    }
    return vigil;
  }

  /** Rule 8: what was begun gets no proper end. */
  private void endFor(Lapse lapse) {
    loop.lapsed(exchange, lapse);
    if (!response.headWritten()) {
      refuse(lapse.refusal(), Ending.CREDENTIAL_LAPSED);
      endLapsedUpload();
      return;
    }
    finish();
    dropUpstream();
    if (exchange.isHttp2()) {
      response.reset(Connections.INTERNAL_ERROR);
    } else {
      Connections.reset(request.connection());
    }
    exchange.end(Ending.CREDENTIAL_LAPSED);
  }

  private void endLapsedUpload() {
    if (!exchange.isHttp2()) { // there the refusal resets the stream
      loop.later(LAPSED_LINGER_MILLIS, () -> Connections.abort(request.connection()));
    }
  }

  /** Whether a full sink has moved since the last look, slowly as it may be. */
  private boolean someBytesWereTaken() {
    UpstreamStream out = outbound;
    long byUs = Connections.unsent(request.connection());
    long byUpstream = out == null ? 0 : out.unsent();
    boolean taken = byUs < unsentByUs || byUpstream < unsentByUpstream;
    unsentByUs = byUs;
    unsentByUpstream = byUpstream;
    return taken;
  }

  /** Whether for a whole window nobody but the client was waited for, and it moved too little. */
  private boolean clientIsTooSlow(long nowNanos) {
    Guards guards = loop.config().guards();
    if (guards.minRate() > 0 && waitsForClient()) {
      if (nowNanos - paceNanos < guards.minRateWindow().toNanos()) {
        return false;
      }
      if (bytesOfClient() - paceBytes < guards.minBytes()) {
        return true;
      }
    }
    paceNanos = nowNanos;
    paceBytes = bytesOfClient();
    return false;
  }

  private boolean waitsForClient() {
    UpstreamStream out = outbound;
    if (answered) {
      return response.writeQueueFull();
    }
    return out != null && !requestEnded && !out.full();
  }

  /** Returns what the client has sent, or taken once the answer has begun, in bytes. */
  private long bytesOfClient() {
    return answered
        ? response.bytesWritten() - Connections.pending(request.connection())
        : received;
  }

  private void stalled() {
    if (waitsForClient()) {
      refuse(Refusal.HEAD_TIMEOUT, Ending.CLIENT_BROKEN);
    } else {
      fail(Fault.of(Fault.Code.UPSTREAM_TIMEOUT, "the upstream stalled", null));
    }
  }
}
