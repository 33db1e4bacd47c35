// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import static java.util.concurrent.TimeUnit.MILLISECONDS;

import io.netty.channel.Channel;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpStatusClass;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.Future;

/**
 * Makes the next answer on an HTTP/1 connection its last: says {@code Connection: close} in it,
 * whoever writes it, ignores requests that follow, and closes once it is written.
 *
 * <p>In the connection's pipeline, before Vert.x. A connection that is upgraded is let go.
 */
final class Farewell extends ChannelDuplexHandler {
  /*
   * Closing a socket with unread bytes resets it, and the answer may be lost on the way. So first
   * only our side is closed, and the client has a moment to read and to close its own.
   */
  private static final long LINGER_MILLIS = 500;

  private boolean lastRequestCame;
  private boolean ignoring;
  private boolean said;

  /**
   * @param inHand whether a request was read that is not answered yet
   */
  Farewell(boolean inHand) {
    this.lastRequestCame = inHand;
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    if (message instanceof HttpRequest) {
      ignoring = lastRequestCame;
      lastRequestCame = true;
    }
    if (ignoring) {
      ReferenceCountUtil.release(message);
    } else {
      context.fireChannelRead(message);
    }
  }

  @Override
  public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
    if (message instanceof HttpResponse response) {
      sayIn(response, context);
    }
    ChannelPromise written = promise;
    if (said && message instanceof LastHttpContent) {
      written = promise.unvoid().addListener(done -> end(context.channel()));
    }
    ChannelFuture unused = context.write(message, written);
  }

  private void sayIn(HttpResponse response, ChannelHandlerContext context) {
    if (response.status().equals(HttpResponseStatus.SWITCHING_PROTOCOLS)) {
      context.pipeline().remove(this);
    } else if (response.status().codeClass() != HttpStatusClass.INFORMATIONAL) {
      response.headers().set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
      said = true;
    }
  }

  private static void end(Channel channel) {
    boolean plain = channel.pipeline().get(SslHandler.class) == null; // TLS has its own goodbye
    if (plain && channel instanceof DuplexChannel duplex) {
      ChannelFuture unused = duplex.shutdownOutput();
      Future<?> timer =
          channel.eventLoop().schedule(() -> close(channel), LINGER_MILLIS, MILLISECONDS);
      channel.closeFuture().addListener(closed -> timer.cancel(false));
    } else {
      close(channel);
    }
  }

  private static void close(Channel channel) {
    ChannelFuture unused = channel.close();
  }
}
