// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.codec.DecoderResult;
import io.netty.handler.codec.http.HttpMessage;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.AsciiString;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.impl.VertxHttpRequestDecoder;
import io.vertx.core.net.impl.ConnectionBase;
import java.util.List;

/**
 * Reads HTTP/1 requests without the leniency of the decoder that Vert.x brings along.
 *
 * <p>What it refuses reaches the server's invalid-request handler.
 */
final class StrictDecoding {
  private static final String DECODER = "httpDecoder";

  private StrictDecoding() {}

  /** Makes {@code connection} strict; call it from the server's connection handler. */
  static void install(HttpConnection connection, HttpServerOptions options) {
    if (isOf(connection)) {
      ChannelPipeline pipeline = ((ConnectionBase) connection).channel().pipeline();
      pipeline.replace(DECODER, DECODER, new StrictDecoder(options));
    }
  }

  /** Whether {@code channel} carries HTTP/1 requests that are read so. */
  static boolean isInstalled(Channel channel) {
    return channel.pipeline().get(StrictDecoder.class) != null;
  }

  /** Whether HTTP/1 is decoded on {@code connection}. */
  static boolean isOf(HttpConnection connection) {
    ChannelPipeline pipeline = ((ConnectionBase) connection).channel().pipeline();
    return pipeline.get(VertxHttpRequestDecoder.class) != null;
  }

  private static final class StrictDecoder extends VertxHttpRequestDecoder {
    private final HeadSearch search = new HeadSearch();
    private boolean inBody;

    StrictDecoder(HttpServerOptions options) {
      super(options);
    }

    /**
     * Vert.x 5.0.12 takes every name of the right length with the right beginning and end for
     * Content-Length and its like (CVE-2026-102479). Delete this when upgraded.
     */
    @Override
    protected AsciiString splitHeaderName(byte[] line, int start, int length) {
      AsciiString known = super.splitHeaderName(line, start, length);
      for (int i = 0; i < length; i++) {
        if (known.byteAt(i) != line[start + i]) {
          return new AsciiString(line, start, length, true);
        }
      }
      return known;
    }

    /** The decoder would drop the length and go on. */
    @Override
    protected void handleTransferEncodingChunkedWithContentLength(HttpMessage message) {
      throw new IllegalArgumentException("both Content-Length and Transfer-Encoding");
    }

    @Override
    protected void decode(ChannelHandlerContext context, ByteBuf in, List<Object> out)
        throws Exception {
      if (!inBody) {
        search.look(in);
      }
      int before = out.size();
      super.decode(context, in, out);
      if (out.size() == before) {
        search.leave(in); // the head goes on in the next call
      }
      for (int i = before; i < out.size(); i++) {
        follow(out.get(i));
      }
    }

    private void follow(Object decoded) {
      if (decoded instanceof HttpMessage message) {
        inBody = true;
        refuseIfLoose(message);
      }
      if (decoded instanceof LastHttpContent) {
        inBody = false;
        search.begin();
      }
    }

    private void refuseIfLoose(HttpMessage message) {
      boolean known = isKnown(message.protocolVersion());
      if (!known) {
        message.setProtocolVersion(HttpVersion.HTTP_1_1); // of the answer, too
      }
      if ((!known || search.found()) && message.decoderResult().isSuccess()) {
        message.setDecoderResult(DecoderResult.failure(new IllegalArgumentException("loose head")));
      }
    }

    /** By identity, as Vert.x does: {@code http/1.1} would be equal. */
    @SuppressWarnings("ReferenceEquality")
    private static boolean isKnown(HttpVersion version) {
      return version == HttpVersion.HTTP_1_1 || version == HttpVersion.HTTP_1_0;
    }
  }
}
