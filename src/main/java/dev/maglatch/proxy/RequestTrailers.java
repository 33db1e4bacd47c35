// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.LastHttpContent;
import io.vertx.core.http.HttpServerRequest;
import org.jspecify.annotations.Nullable;

/**
 * Carries the trailer fields of HTTP/1 requests past Vert.x, which drops them.
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
}
