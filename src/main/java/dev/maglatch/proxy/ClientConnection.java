// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

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

  private static final MultiMap NO_FIELDS = MultiMap.caseInsensitiveMultiMap();

  private final Loop loop;
  private final HttpConnection connection;
  private final String peer;

  private final RequestTrailers trailers = new RequestTrailers();

  private int requests;
  private boolean headBegun = true; // the first head is due from the beginning
  private long closeAtNanos;

  ClientConnection(Loop loop, HttpConnection connection) {
    this.loop = loop;
    this.connection = connection;
    this.peer = TrustedProxies.NONE.clientAddress(address(connection), NO_FIELDS);
    this.closeAtNanos = loop.nanoTime() + loop.config().headerDeadline().toNanos();
    Channel channel = Connections.channel(connection);
    if (channel != null) {
      channel.pipeline().addFirst(new FirstByte());
      channel.pipeline().addBefore("handler", null, trailers);
    }
    loop.deadlines().add(this);
  }

  private static String address(HttpConnection connection) {
    String address = connection.remoteAddress().hostAddress();
    return address == null ? "" : address;
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
    return trailers.take(request);
  }

  void closed() {
    loop.deadlines().remove(this);
  }

  @Override
  void check(long nowNanos) {
    if (closeAtNanos != NEVER && nowNanos - closeAtNanos >= 0) {
      Connections.abort(connection);
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
