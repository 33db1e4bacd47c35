// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.DefaultLastHttpContent;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.LastHttpContent;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpServerRequest;
import java.util.Iterator;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Carries the trailer fields of HTTP/1 requests past Vert.x, which drops them on the server's side
 * and cannot write them on the client's.
 *
 * <p>One for each client connection, in its pipeline. It remembers one request's trailers; those of
 * a pipelined request may push them out, and are lost then: a proxy may drop trailers.
 */
final class RequestTrailers extends ChannelInboundHandlerAdapter {
  private @Nullable HttpHeaders current;
  private @Nullable HttpHeaders owner;
  private @Nullable HttpHeaders trailers;

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    if (message instanceof HttpRequest request) {
      current = request.headers();
    } else if (message != LastHttpContent.EMPTY_LAST_CONTENT
        && message instanceof LastHttpContent last
        && !last.trailingHeaders().isEmpty()) {
      owner = current;
      trailers = last.trailingHeaders();
    }
    context.fireChannelRead(message);
  }

  /** Returns the trailers of {@code request}, which has ended, and forgets them; null if none. */
  @Nullable HttpHeaders take(HttpServerRequest request) {
    if (owner == null || request.headers() != owner) {
      return null;
    }
    HttpHeaders found = trailers;
    owner = null;
    trailers = null;
    return found;
  }

  /** Lets the request that is sent on {@code connection} end with those that may pass. */
  static void attach(HttpHeaders trailers, HttpConnection connection) {
    HttpHeaders passed = new DefaultHttpHeaders();
    Iterator<Map.Entry<CharSequence, CharSequence>> fields = trailers.iteratorCharSequence();
    while (fields.hasNext()) {
      Map.Entry<CharSequence, CharSequence> field = fields.next();
      if (HeaderRules.passesAsTrailer(field.getKey())) {
        passed.add(field.getKey(), field.getValue());
      }
    }
    Channel channel = Connections.channel(connection);
    if (!passed.isEmpty() && channel != null) {
      channel.pipeline().addBefore("handler", null, new Ending(passed));
    }
  }

  /** Writes the next end of a message with trailers, and leaves. */
  private static final class Ending extends ChannelOutboundHandlerAdapter {
    private final HttpHeaders trailers;

    Ending(HttpHeaders trailers) {
      this.trailers = trailers;
    }

    @Override
    public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
      if (message instanceof LastHttpContent last) {
        LastHttpContent end = new DefaultLastHttpContent(last.content());
        end.trailingHeaders().add(trailers);
        ChannelFuture unused = context.write(end, promise);
        context.pipeline().remove(this);
      } else {
        ChannelFuture unused = context.write(message, promise);
      }
    }
  }
}
