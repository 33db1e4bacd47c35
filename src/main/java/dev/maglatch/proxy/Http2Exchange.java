// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import static java.util.Objects.requireNonNull;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.EmptyHttpHeaders;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http2.DefaultHttp2DataFrame;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersFrame;
import io.netty.handler.codec.http2.Http2DataFrame;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2GoAwayFrame;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2HeadersFrame;
import io.netty.handler.codec.http2.Http2ResetFrame;
import io.netty.util.AsciiString;
import io.netty.util.ReferenceCountUtil;
import io.vertx.core.net.NetSocket;
import java.io.IOException;
import java.util.Iterator;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** One stream of an HTTP/2 connection to an upstream. */
final class Http2Exchange extends ChannelInboundHandlerAdapter implements UpstreamStream {
  private static final int EARLY_HINTS = 103;
  private static final int MAX_INFORMATIONAL = 100;

  private final Http2Connection connection;
  private final Http2RequestHead requestHead;
  private final boolean first;
  private final long readsBefore;

  private @Nullable ChannelHandlerContext context;
  private @Nullable ResponseSink sink;
  private boolean heard;
  private boolean unprocessed;
  private boolean requestEnded;
  private boolean toHead;
  private boolean owesBody;
  private boolean responseBegun;
  private boolean responseEnded;
  private int informationals;

  Http2Exchange(Http2Connection connection, Http2RequestHead requestHead, boolean first) {
    this.connection = connection;
    this.requestHead = requestHead;
    this.first = first;
    this.readsBefore = connection.reads();
  }

  @Override
  public void handlerAdded(ChannelHandlerContext ctx) {
    context = ctx;
  }

  /** A stream that was refused is as good as one on a stale connection: nobody looked at it. */
  @Override
  public boolean fresh() {
    return first && !unprocessed;
  }

  @Override
  public boolean unprocessed() {
    return unprocessed;
  }

  @Override
  public boolean heard() {
    return heard;
  }

  @Override
  public void begin(ResponseSink taker) {
    sink = taker;
  }

  @Override
  public void giveBack() {
    abort();
  }

  // The way up.

  @Override
  public RequestFields head() {
    return requestHead;
  }

  @Override
  public void send(boolean head, boolean withBody, boolean inChunks) {
    toHead = head;
    requestEnded = !withBody;
    Http2Headers headers = requestHead.end();
    DefaultHttp2HeadersFrame frame = new DefaultHttp2HeadersFrame(headers, !withBody);
    if (withBody) {
      ChannelFuture unused = context().write(frame); // goes out with the body, or with flush
    } else {
      flush(frame);
    }
  }

  @Override
  public void sendUpgrade() {
    throw new IllegalStateException("HTTP/2 has no upgrade");
  }

  @Override
  public void flush() {
    context().flush();
  }

  @Override
  public void write(ByteBuf chunk) {
    flush(new DefaultHttp2DataFrame(chunk, false));
  }

  @Override
  public void end(@Nullable HttpHeaders trailers) {
    requestEnded = true;
    Http2Headers passed = trailers == null ? null : passed(trailers);
    if (passed == null || passed.isEmpty()) {
      flush(new DefaultHttp2DataFrame(Unpooled.EMPTY_BUFFER, true));
    } else {
      flush(new DefaultHttp2HeadersFrame(passed, true));
    }
  }

  private static Http2Headers passed(HttpHeaders trailers) {
    Http2Headers passed = new DefaultHttp2Headers();
    Iterator<Map.Entry<CharSequence, CharSequence>> fields = trailers.iteratorCharSequence();
    while (fields.hasNext()) {
      Map.Entry<CharSequence, CharSequence> field = fields.next();
      if (HeaderRules.passesUpAsTrailer(field.getKey())) {
        passed.add(AsciiString.of(field.getKey()).toLowerCase(), field.getValue());
      }
    }
    return passed;
  }

  @Override
  public boolean full() {
    return !context().channel().isWritable();
  }

  @Override
  public long unsent() {
    return context().channel().bytesBeforeWritable();
  }

  // The way back.

  @Override
  public void pause() {
    context().channel().config().setAutoRead(false);
  }

  @Override
  public void resume() {
    context().channel().config().setAutoRead(true);
  }

  @Override
  public NetSocket upgraded() {
    throw new IllegalStateException("HTTP/2 has no upgrade");
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    try {
      heard = true;
      ResponseSink taker = sink;
      if (taker == null) {
        return;
      }
      if (message instanceof Http2HeadersFrame fields) {
        takeFields(fields, taker);
      } else if (message instanceof Http2DataFrame data) {
        takeData(data, taker);
      }
    } catch (IllegalArgumentException unusable) {
      fail(unusable);
    } finally {
      ReferenceCountUtil.release(message);
    }
  }

  private void takeFields(Http2HeadersFrame frame, ResponseSink taker) {
    if (responseBegun) {
      takeEnd(Unpooled.EMPTY_BUFFER, fields(frame.headers()), taker);
      return;
    }
    int status = HttpResponseStatus.parseLine(requireStatus(frame.headers())).code();
    if (status < 200) {
      takeInformational(status, frame, taker);
      return;
    }
    responseBegun = true;
    owesBody = !toHead && announcesBody(status, frame.headers());
    taker.head(
        new DefaultHttpResponse(
            HttpVersion.HTTP_1_1, HttpResponseStatus.valueOf(status), fields(frame.headers())));
    if (frame.isEndStream() && sink == taker) {
      takeEnd(Unpooled.EMPTY_BUFFER, EmptyHttpHeaders.INSTANCE, taker);
    }
  }

  /** Netty holds every body to its length but one that does not come at all. */
  private static boolean announcesBody(int status, Http2Headers headers) {
    CharSequence length = headers.get(HttpHeaderNames.CONTENT_LENGTH);
    return length != null && status != 204 && status != 304 && !"0".contentEquals(length);
  }

  private static CharSequence requireStatus(Http2Headers headers) {
    CharSequence status = headers.status();
    if (status == null) {
      throw new IllegalArgumentException("an answer without a status");
    }
    return status;
  }

  private void takeInformational(int status, Http2HeadersFrame frame, ResponseSink taker) {
    if (status < 100 || status == 101 || frame.isEndStream()) {
      fail(new IOException("an answer that is none: " + status));
    } else if (++informationals > MAX_INFORMATIONAL) {
      fail(new IOException("informational answers without end"));
    } else if (status == EARLY_HINTS) {
      taker.hints(fields(frame.headers()));
    }
  }

  /** Refuses what cannot be written in HTTP/1.1. */
  private static HttpHeaders fields(Http2Headers headers) {
    HttpHeaders fields = new DefaultHttpHeaders();
    for (Map.Entry<CharSequence, CharSequence> field : headers) {
      if (field.getKey().charAt(0) != ':') {
        fields.add(field.getKey(), field.getValue());
      }
    }
    return fields;
  }

  private void takeData(Http2DataFrame data, ResponseSink taker) {
    if (!responseBegun) {
      fail(new IOException("a body without a head"));
      return;
    }
    owesBody &= !data.content().isReadable();
    if (data.isEndStream()) {
      takeEnd(data.content(), EmptyHttpHeaders.INSTANCE, taker);
    } else {
      taker.chunk(data.content());
    }
  }

  private void takeEnd(ByteBuf content, HttpHeaders trailers, ResponseSink taker) {
    if (owesBody) {
      fail(new IOException("a body that did not come"));
      return;
    }
    responseEnded = true;
    if (requestEnded) {
      sink = null;
    }
    taker.end(content, trailers);
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext ctx) {
    if (sink != null) {
      sink.readComplete();
    }
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext ctx) {
    if (sink != null && ctx.channel().isWritable()) {
      sink.drained();
    }
  }

  // The end.

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (event instanceof Http2ResetFrame reset) {
      takeReset(reset.errorCode());
    } else if (event instanceof Http2GoAwayFrame) {
      unprocessed = true; // it is told to later streams than the last one that was looked at
    }
    ReferenceCountUtil.release(event);
  }

  /** Without an error it only stops the request: of the answer, all may be there to be read. */
  private void takeReset(long code) {
    unprocessed = code == Http2Error.REFUSED_STREAM.code();
    if (code != Http2Error.NO_ERROR.code()) {
      fail(new IOException("stream reset, code " + code));
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    fail(new IOException("stream closed"));
    connection.ended();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    fail(cause);
  }

  /** Resets the stream, unless both sides have ended it. */
  @Override
  public void abort() {
    sink = null;
    if (!heard && connection.reads() == readsBefore) {
      connection.retire(); // perhaps nobody is there any more
    }
    ChannelFuture unused = context().close();
  }

  private void fail(Throwable cause) {
    ResponseSink taker = sink;
    sink = null;
    if (taker != null && !responseEnded) {
      taker.broke(cause);
    }
    ChannelFuture unused = context().close();
  }

  private void flush(Object frame) {
    ChannelFuture unused = context().writeAndFlush(frame);
  }

  private ChannelHandlerContext context() {
    return requireNonNull(context, "not open");
  }
}
