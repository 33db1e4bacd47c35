// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import static java.util.concurrent.TimeUnit.SECONDS;

import dev.maglatch.http.RequestBody;
import dev.maglatch.http.TrustedProxies;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http.HttpHeaders;
import io.vertx.core.MultiMap;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpServerRequest;
import org.jspecify.annotations.Nullable;

/**
 * One connection of a client, and how long it may stay without a request in hand.
 *
 * <p>Vert.x's own idle timeout is of no use here: it would cut a request that waits for its
 * upstream, and any dripped byte of a request head would put it off.
 */
final class ClientConnection extends Deadlines.Entry {
  private static final long NEVER = Long.MAX_VALUE;

  /** For a goodbye that the other end does not take. */
  private static final long GOODBYE_NANOS = SECONDS.toNanos(1);

  private static final long NO_ERROR = 0;
  private static final int LAST_STREAM_OF_ALL = Integer.MAX_VALUE;
  private static final MultiMap NO_FIELDS = MultiMap.caseInsensitiveMultiMap();

  private final Loop loop;
  private final HttpConnection connection;
  private final String peer;
  private final String scheme;

  private final RequestTrailers trailers = new RequestTrailers();
  private final @Nullable StrictFrames frames;

  private int requests;
  private boolean headBegun = true; // the first head is due from the beginning
  private long closeAtNanos;
  private long frameBegunNanos;
  private boolean closing;
  private boolean saidGoodbye;

  ClientConnection(Loop loop, HttpConnection connection) {
    this.loop = loop;
    this.connection = connection;
    this.peer = peer(connection);
    this.scheme = connection.isSsl() ? "https" : "http";
    this.closeAtNanos = loop.nanoTime() + loop.config().headerDeadline().toNanos();
    this.frames = StrictFrames.install(connection);
    Channel channel = Connections.channel(connection);
    if (channel != null && frames == null) {
      channel.pipeline().addFirst(new FirstByte());
      channel.pipeline().addBefore("handler", null, trailers);
    } else if (channel != null) {
      channel.pipeline().addBefore("handler", null, new FirstOfFrame());
    }
    loop.metrics().connectionOpened();
    loop.deadlines().add(this);
  }

  private static String peer(HttpConnection connection) {
    String address = connection.remoteAddress().hostAddress();
    return canonical(address == null ? "" : address);
  }

  /** Returns {@code address}, an IP address, as it is compared and counted. */
  static String canonical(String address) {
    return TrustedProxies.NONE.clientAddress(address, NO_FIELDS);
  }

  /** Returns the IP address of the other end, in canonical form. */
  String peer() {
    return peer;
  }

  String clientAddress(MultiMap headers) {
    return loop.proxies().clientAddress(peer, headers);
  }

  void requestBegan() {
    requests++;
    closeAtNanos = NEVER;
  }

  void requestEnded() {
    requests--;
    if (requests == 0) {
      headBegun = false;
      closeAtNanos = loop.nanoTime() + loop.config().idleTimeout().toNanos();
    }
  }

  /** Returns the trailer fields of {@code request}, which has ended; null if there were none. */
  @Nullable HttpHeaders trailersOf(HttpServerRequest request) {
    return frames == null ? trailers.take(request) : frames.trailers(request.streamId());
  }

  /** Whether a body follows the head of {@code request}, which has just come. */
  boolean bodyFollows(HttpServerRequest request) {
    return frames == null ? RequestBody.isAnnounced(request.headers()) : frames.bodyFollows();
  }

  /** Returns how the client reached us: {@code http} or {@code https}, whatever it says itself. */
  String scheme() {
    return scheme;
  }

  /**
   * Lets the client know that it should go elsewhere: with the answer to the request in hand, or to
   * its next one, after which this connection is closed.
   */
  void sayFarewell() {
    Channel channel = Connections.channel(connection);
    if (frames != null) {
      connection.goAway(NO_ERROR, LAST_STREAM_OF_ALL); // what the client has begun counts
    } else if (channel != null && StrictDecoding.isInstalled(channel)) { // else it is upgraded
      channel.pipeline().addBefore("handler", null, new Farewell(requests > 0));
    }
  }

  /**
   * Whether a request is likely to be on its way: its head has begun, or the connection is new,
   * since no longer than {@code patienceNanos}.
   */
  boolean expectsRequest(long nowNanos, long patienceNanos) {
    long headDueNanos = loop.config().headerDeadline().toNanos();
    return requests == 0 && headBegun && nowNanos - (closeAtNanos - headDueNanos) < patienceNanos;
  }

  /**
   * Closes this connection, if no request is in hand, once what was written is on its way.
   *
   * @return whether it was to be closed, and was not before
   */
  boolean closeIfIdle() {
    if (requests > 0 || closing) {
      return false;
    }
    closing = true;
    connection.close();
    return true;
  }

  void closed() {
    loop.deadlines().remove(this);
    loop.metrics().connectionClosed();
  }

  @Override
  void check(long nowNanos) {
    if (frames != null && frameIsOverdue(frames, nowNanos)) {
      Connections.abort(connection);
      return;
    }
    if (closeAtNanos == NEVER || nowNanos - closeAtNanos < 0) {
      return;
    }
    if (frames == null || saidGoodbye) {
      Connections.abort(connection);
    } else {
      saidGoodbye = true;
      closeAtNanos = nowNanos + GOODBYE_NANOS;
      connection.close(); // GOAWAY, so that the client knows which requests nobody has seen
    }
  }

  /** While nothing else is in hand, what begins can only be a head. */
  private boolean frameIsOverdue(StrictFrames reading, long nowNanos) {
    long patience =
        (requests == 0 ? loop.config().headerDeadline() : loop.config().idleTimeout()).toNanos();
    return reading.unfinished() && nowNanos - frameBegunNanos >= patience;
  }

  /** Notes when the frame, or the head in several frames, began that is not whole yet. */
  private final class FirstOfFrame extends ChannelInboundHandlerAdapter {
    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
      if (frames != null && frames.begin()) {
        frameBegunNanos = loop.nanoTime();
      }
      context.fireChannelRead(message);
    }
  }

  /** Starts the deadline of a request head at its first byte. */
  private final class FirstByte extends ChannelInboundHandlerAdapter {
    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
      if (requests == 0 && !headBegun) {
        headBegun = true;
        closeAtNanos = loop.nanoTime() + loop.config().headerDeadline().toNanos();
      }
      context.fireChannelRead(message);
    }
  }
}
