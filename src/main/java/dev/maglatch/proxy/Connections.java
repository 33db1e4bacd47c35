// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.nio.AbstractNioChannel;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.timeout.IdleStateHandler;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.impl.Http1xServerConnection;
import io.vertx.core.http.impl.Http2ServerConnection;
import io.vertx.core.net.impl.ConnectionBase;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** What Vert.x does not offer on a connection, done on its Netty channel. */
final class Connections {
  /** What a stream of HTTP/2 is reset with when its answer is whole and nobody wants the rest. */
  static final long NO_ERROR = Http2Error.NO_ERROR.code();

  /** What a stream of HTTP/2 is reset with when its answer is not whole. */
  static final long INTERNAL_ERROR = Http2Error.INTERNAL_ERROR.code();

  private static final int READS_OF_QUEUE = 64;
  private static final long LINGER_MILLIS = 2_000;

  private Connections() {}

  /**
   * Closes at once and forgets what was not written yet. Vert.x's own close waits for that, which
   * takes for ever when the other end does not read.
   */
  static void abort(HttpConnection connection) {
    Channel channel = channel(connection);
    ChannelHandlerContext first = channel == null ? null : channel.pipeline().firstContext();
    if (first == null) {
      connection.close();
    } else {
      ChannelFuture unused = first.close();
    }
  }

  /**
   * Ends a connection of HTTP/1 on which nobody reads the rest of a request: its bytes would be
   * taken for the next one. What still arrives is read and dropped for a moment, because closing at
   * once would reset the connection and take the answer away before the client has read it.
   */
  static void endUnread(HttpConnection connection) {
    connection.shutdown(LINGER_MILLIS, TimeUnit.MILLISECONDS);
  }

  /** Like {@link #abort}, for one that was just accepted: what it has sent goes nowhere. */
  static void refuse(HttpConnection connection) {
    if (connection instanceof Http1xServerConnection http1) {
      http1.handler(unheard -> {});
    } else if (connection instanceof Http2ServerConnection http2) {
      http2.handler(unheard -> {});
    }
    abort(connection);
  }

  /** Like {@link #abort}, and with a reset, so that the end cannot be taken for a proper one. */
  static void reset(HttpConnection connection) {
    Channel channel = channel(connection);
    if (channel != null) {
      channel.config().setOption(ChannelOption.SO_LINGER, 0);
    }
    abort(connection);
  }

  /** From now on {@link ClientConnection} watches. */
  static void stopIdleTimeout(HttpConnection connection) {
    Channel channel = channel(connection);
    if (channel != null && channel.pipeline().get(IdleStateHandler.class) != null) {
      channel.pipeline().remove(IdleStateHandler.class);
    }
  }

  /** Writes out what was written so far. */
  static void flush(HttpConnection connection) {
    Channel channel = channel(connection);
    if (channel != null) {
      channel.flush();
    }
  }

  /** Returns how many bytes the other end must take before more is written; 0 if it need not. */
  static long unsent(HttpConnection connection) {
    Channel channel = channel(connection);
    return channel == null ? 0 : channel.bytesBeforeWritable();
  }

  /**
   * Closes a listener, but not before everything is taken up that its queue holds. Completes on a
   * thread of Netty's, when those connections are with their loops.
   */
  static Future<Void> stopAccepting(Channel listener) {
    Promise<Void> closed = Promise.promise();
    listener.eventLoop().execute(() -> takeUpAndClose(listener, closed));
    return closed.future();
  }

  private static void takeUpAndClose(Channel listener, Promise<Void> closed) {
    if (listener.isOpen() && listener.unsafe() instanceof AbstractNioChannel.NioUnsafe queue) {
      for (int i = 0; i < READS_OF_QUEUE; i++) {
        queue.read(); // takes up to 16, and does not wait for any
      }
    }
    listener.close().addListener(done -> closed.complete());
  }

  /** Returns how many bytes were handed over and have not gone out. */
  static long pending(HttpConnection connection) {
    Channel channel = channel(connection);
    ChannelOutboundBuffer buffer = channel == null ? null : channel.unsafe().outboundBuffer();
    return buffer == null ? 0 : buffer.totalPendingWriteBytes();
  }

  /** Returns the address at the other end; null if it is closed already. */
  static @Nullable InetAddress remoteAddress(Channel channel) {
    return channel.remoteAddress() instanceof InetSocketAddress other ? other.getAddress() : null;
  }

  /** Returns the channel; null for a connection that Vert.x has wrapped. */
  static @Nullable Channel channel(HttpConnection connection) {
    return connection instanceof ConnectionBase base ? base.channel() : null;
  }
}
