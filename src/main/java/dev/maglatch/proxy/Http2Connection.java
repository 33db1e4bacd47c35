// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import static java.util.Objects.requireNonNull;

import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.ConnectTimeoutException;
import io.netty.handler.codec.http2.Http2Connection.Endpoint;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2FrameCodec;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2GoAwayFrame;
import io.netty.handler.codec.http2.Http2LocalFlowController;
import io.netty.handler.codec.http2.Http2MultiplexHandler;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.codec.http2.Http2SettingsFrame;
import io.netty.handler.codec.http2.Http2StreamChannelBootstrap;
import io.netty.util.ReferenceCountUtil;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.internal.net.NetSocketInternal;
import io.vertx.core.net.NetSocket;
import java.io.IOException;
import java.net.InetAddress;
import org.jspecify.annotations.Nullable;

/**
 * One HTTP/2 connection to an upstream. Vert.x connects, Netty speaks the protocol. Belongs to one
 * event loop.
 */
final class Http2Connection {
  /*
   * A stream whose client is slow keeps at most one stream window of what the upstream sent, and
   * the window of the connection is as large as those of all its streams together: so no stream
   * can take the connection away from the others.
   *
   * Nothing is asked before the server has told its settings, which it must send first: until then
   * nobody knows how many streams it takes, and it would refuse what is too much.
   */
  static final int MAX_STREAMS = 100;
  private static final int STREAM_WINDOW_BYTES = 65_535;
  private static final int MAX_HEADER_BYTES = 65_536;
  private static final String VERTX = "handler";

  private final Http2Pool pool;
  private final Http2FrameCodec codec;
  private final Http2StreamChannelBootstrap streams;
  private final ChannelHandlerContext context;
  private final Promise<Http2Connection> greeting = Promise.promise();
  private int active;
  private int served;
  private long reads;
  private boolean retired;
  private long idleSinceNanos;

  /**
   * Takes over a connection that Vert.x has just made. It can be used once {@link #greeted}.
   *
   * @throws java.util.NoSuchElementException if it is closed already
   */
  Http2Connection(NetSocket socket, Http2Pool pool) {
    this.pool = pool;
    this.codec = newCodec();
    this.idleSinceNanos = pool.loop().nanoTime();
    ChannelPipeline pipeline =
        ((NetSocketInternal) socket).channelHandlerContext().channel().pipeline();
    Bottom bottom = new Bottom();
    pipeline.addBefore(VERTX, null, new Reads());
    pipeline.addBefore(VERTX, null, codec);
    pipeline.addBefore(VERTX, null, new Http2MultiplexHandler(new Unwanted()));
    pipeline.addBefore(VERTX, null, bottom);
    this.context = requireNonNull(pipeline.context(bottom));
    this.streams = new Http2StreamChannelBootstrap(context.channel());
    widen();
  }

  private static Http2FrameCodec newCodec() {
    return Http2FrameCodecBuilder.forClient()
        .initialSettings(
            new Http2Settings()
                .pushEnabled(false)
                .initialWindowSize(STREAM_WINDOW_BYTES)
                .maxHeaderListSize(MAX_HEADER_BYTES))
        .gracefulShutdownTimeoutMillis(0)
        .build();
  }

  private void widen() {
    Http2LocalFlowController window = codec.connection().local().flowController();
    try {
      window.incrementWindowSize(
          codec.connection().connectionStream(), (MAX_STREAMS - 1) * STREAM_WINDOW_BYTES);
    } catch (Http2Exception impossible) {
      throw new IllegalStateException(impossible);
    }
    context.flush();
  }

  /**
   * Completes with this connection when the server has told its settings, on the event loop; fails
   * if the connection ends before, or when {@code patienceMillis} have passed.
   */
  Future<Http2Connection> greeted(long patienceMillis) {
    pool.loop().later(patienceMillis, this::giveUpUnlessGreeted);
    return greeting.future();
  }

  private void giveUpUnlessGreeted() {
    if (greeting.tryFail(new ConnectTimeoutException("no HTTP/2 settings in time"))) {
      retire();
    }
  }

  boolean hasRoom() {
    Endpoint<?> ours = codec.connection().local();
    return !retired && active < MAX_STREAMS && active < ours.maxActiveStreams();
  }

  /** Returns for how long there has been no stream; 0 if there is one. */
  long idleNanos(long nowNanos) {
    return active > 0 ? 0 : nowNanos - idleSinceNanos;
  }

  /** Returns where it leads; null if it is closed already. */
  @Nullable InetAddress address() {
    return Connections.remoteAddress(context.channel());
  }

  /** Returns a number that grows with all that the upstream sends. */
  long reads() {
    return reads;
  }

  /** Opens a stream; there must be room. */
  void open(UpstreamLine.Waiter waiter) {
    active++;
    served++;
    Http2Exchange exchange = new Http2Exchange(this, pool.head(), served == 1);
    streams
        .handler(exchange)
        .open()
        .addListener(
            opened -> {
              if (opened.isSuccess()) {
                waiter.connected(exchange);
              } else {
                ended();
                waiter.notConnected(UpstreamPool.reason(opened.cause()));
              }
            });
  }

  /** A stream has ended. */
  void ended() {
    active--;
    idleSinceNanos = pool.loop().nanoTime();
    if (!retired) {
      pool.hasRoom();
    } else if (active == 0) {
      close();
    }
  }

  /** Takes no stream any more, and closes after the last. */
  void retire() {
    if (retired) {
      return;
    }
    retired = true;
    greeting.tryFail(new IOException("closed before the server told its HTTP/2 settings"));
    pool.gone(this);
    if (active == 0) {
      close();
    }
  }

  private void close() {
    ChannelHandlerContext first = context.channel().pipeline().firstContext();
    if (first != null) {
      ChannelFuture unused = first.close();
    }
  }

  /** Counts what comes. */
  private final class Reads extends ChannelInboundHandlerAdapter {
    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      reads++;
      ctx.fireChannelRead(message);
    }
  }

  /** Takes what is about the connection; Vert.x's socket above sees nothing of it. */
  private final class Bottom extends ChannelInboundHandlerAdapter {
    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      if (message instanceof Http2GoAwayFrame) {
        retire();
      } else if (message instanceof Http2SettingsFrame
          && !greeting.tryComplete(Http2Connection.this)) {
        pool.hasRoom(); // there may be more than before
      }
      ReferenceCountUtil.release(message);
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
      retire();
      ctx.fireChannelInactive();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      retire();
      close();
    }
  }

  /** Pushed streams were declined in the settings. */
  @ChannelHandler.Sharable
  private static final class Unwanted extends ChannelInboundHandlerAdapter {
    @Override
    public void channelActive(ChannelHandlerContext ctx) {
      ChannelFuture unused = ctx.close();
    }
  }
}
