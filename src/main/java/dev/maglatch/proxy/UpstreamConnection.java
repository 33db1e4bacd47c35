// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.util.Objects.requireNonNull;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMessage;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseDecoder;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.ssl.SslCloseCompletionEvent;
import io.netty.util.ReferenceCountUtil;
import io.vertx.core.internal.net.NetSocketInternal;
import io.vertx.core.net.NetSocket;
import java.io.IOException;
import java.net.InetAddress;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import org.jspecify.annotations.Nullable;

/**
 * One HTTP/1.1 connection to an upstream. It serves one request after the other and is never
 * pipelined.
 *
 * <p>Vert.x connects (names, TLS, proxies) and Netty decodes; what lies between is here, because a
 * client with futures and queues of its own costs more than everything else that the gateway does
 * for a request. Belongs to one event loop.
 */
final class UpstreamConnection extends ChannelInboundHandlerAdapter implements UpstreamStream {
  /** Told when a connection can serve the next request, or never will again. */
  interface Owner {
    /** The last exchange ended well. */
    void released(UpstreamConnection connection);

    /** The connection is gone, in the middle of something or not. Called once. */
    void closed(UpstreamConnection connection);
  }

  private static final String DECODER = "upstream-decoder";
  private static final String SELF = "upstream";
  private static final String VERTX = "handler";
  private static final int MAX_STATUS_LINE_BYTES = 8_192;
  private static final int MAX_HEADER_BYTES = 65_536;
  private static final int MAX_CHUNK_BYTES = 65_536;
  private static final ByteBuf LINE_END = constant("\r\n");
  private static final ByteBuf LAST_CHUNK = constant("0\r\n\r\n");
  private static final int EARLY_HINTS = 103;

  /** Answers before the answer, of which there may be some, and never so many. */
  private static final int MAX_INFORMATIONAL = 100;

  private static final int SWITCHING_PROTOCOLS = 101;

  private final Owner owner;
  private final NetSocket socket;
  private final RequestHead requestHead;
  private final ChannelHandlerContext context;
  private final Decoder decoder = new Decoder();

  private @Nullable ResponseSink sink;
  private @Nullable HttpResponse switching;
  private boolean head;
  private boolean upgrade;
  private boolean informational;
  private boolean responseBegun;
  private boolean responseEnded;
  private boolean requestEnded;
  private boolean keepAlive;
  private boolean endsWithConnection;
  private boolean ambiguous;
  private boolean closedProperly;
  private int informationals;
  private boolean chunked;
  private boolean releasing;
  private boolean heard;
  private boolean gone;
  private int served;
  private long idleSinceNanos;
  private int moves;

  /**
   * Takes over a connection that Vert.x has just made.
   *
   * @throws NoSuchElementException if it is closed already
   */
  UpstreamConnection(NetSocket socket, Owner owner, RequestHead requestHead) {
    this.owner = owner;
    this.socket = socket;
    this.requestHead = requestHead;
    ChannelPipeline pipeline =
        ((NetSocketInternal) socket).channelHandlerContext().channel().pipeline();
    pipeline.addBefore(VERTX, DECODER, decoder);
    pipeline.addBefore(VERTX, SELF, this);
    this.context = requireNonNull(pipeline.context(this));
  }

  /** Whether it can serve a request now. */
  boolean usable() {
    return !gone && sink == null && context.channel().isActive();
  }

  @Override
  public boolean fresh() {
    return served <= 1;
  }

  /** HTTP/1.1 has no way of saying so. */
  @Override
  public boolean unprocessed() {
    return false;
  }

  @Override
  public boolean heard() {
    return heard;
  }

  long idleSinceNanos() {
    return idleSinceNanos;
  }

  void idleSince(long nanos) {
    idleSinceNanos = nanos;
  }

  /** Returns how often its server had moved when this was last known to lead there. */
  int moves() {
    return moves;
  }

  void moves(int count) {
    moves = count;
  }

  /** Returns where it leads; null if it is closed already. */
  @Nullable InetAddress address() {
    return Connections.remoteAddress(context.channel());
  }

  @Override
  public void begin(ResponseSink taker) {
    sink = taker;
    served++;
    upgrade = false;
    switching = null;
    responseBegun = false;
    responseEnded = false;
    requestEnded = false;
    heard = false;
    ambiguous = false;
    informationals = 0;
  }

  @Override
  public void giveBack() {
    owner.released(this);
  }

  // The way up.

  @Override
  public RequestFields head() {
    return requestHead;
  }

  @Override
  public void send(boolean toHead, boolean withBody, boolean inChunks) {
    ByteBuf bytes = requestHead.end(PooledByteBufAllocator.DEFAULT);
    head = toHead;
    chunked = inChunks;
    requestEnded = !withBody;
    if (withBody) {
      put(bytes); // goes out with the first part of the body, or with flush
    } else {
      flush(bytes);
    }
  }

  @Override
  public void flush() {
    context.flush();
  }

  @Override
  public void sendUpgrade() {
    upgrade = true;
    send(false, false, false);
  }

  @Override
  public void write(ByteBuf chunk) {
    if (!chunk.isReadable()) {
      chunk.release(); // an empty chunk would be the last one
      return;
    }
    if (chunked) {
      ByteBuf size = context.alloc().directBuffer(10);
      ByteBufUtil.writeAscii(size, Integer.toHexString(chunk.readableBytes()));
      size.writeShort('\r' << 8 | '\n');
      put(size);
      put(chunk);
      flush(LINE_END.duplicate());
    } else {
      flush(chunk);
    }
  }

  @Override
  public void end(@Nullable HttpHeaders trailers) {
    requestEnded = true;
    if (chunked && trailers != null && !trailers.isEmpty()) {
      flush(lastChunk(trailers));
    } else if (chunked) {
      flush(LAST_CHUNK.duplicate());
    }
    if (responseEnded) {
      next();
      releaseOrAbort();
    }
  }

  private ByteBuf lastChunk(HttpHeaders trailers) {
    ByteBuf end = context.alloc().directBuffer(256);
    ByteBufUtil.writeAscii(end, "0\r\n");
    Iterator<Map.Entry<CharSequence, CharSequence>> fields = trailers.iteratorCharSequence();
    while (fields.hasNext()) {
      Map.Entry<CharSequence, CharSequence> field = fields.next();
      if (HeaderRules.passesUpAsTrailer(field.getKey())) {
        ByteBufUtil.writeAscii(end, field.getKey());
        end.writeShort(':' << 8 | ' ');
        writeLatin1(end, field.getValue());
        end.writeShort('\r' << 8 | '\n');
      }
    }
    return end.writeShort('\r' << 8 | '\n');
  }

  private static void writeLatin1(ByteBuf to, CharSequence text) {
    for (int i = 0; i < text.length(); i++) {
      to.writeByte(text.charAt(i));
    }
  }

  @Override
  public boolean full() {
    return !context.channel().isWritable();
  }

  @Override
  public long unsent() {
    return context.channel().bytesBeforeWritable();
  }

  // The way back.

  @Override
  public void pause() {
    context.channel().config().setAutoRead(false);
  }

  @Override
  public void resume() {
    context.channel().config().setAutoRead(true);
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    try {
      if (message instanceof HttpObject object) {
        take(object);
      } else {
        fail(new IOException("bytes that are no HTTP"));
      }
    } finally {
      ReferenceCountUtil.release(message);
    }
  }

  private void take(HttpObject object) {
    if (object.decoderResult().isFailure()) {
      fail(object.decoderResult().cause());
    } else if (sink == null) {
      abort(); // nobody asked
    } else if (object instanceof HttpResponse response) {
      takeHead(response, sink);
    }
    if (object instanceof HttpContent content && sink != null) {
      takeContent(content, sink);
    }
  }

  private void takeHead(HttpResponse response, ResponseSink taker) {
    int status = response.status().code();
    informational = status < 200;
    if (status < 100) {
      fail(new IOException("a status that is none: " + status));
    } else if (!informational) {
      responseBegun = true;
      endsWithConnection = !endsBeforeTheConnection(response, status);
      keepAlive = HttpUtil.isKeepAlive(response) && !endsWithConnection && !ambiguous;
      taker.head(response);
    } else if (++informationals > MAX_INFORMATIONAL) {
      fail(new IOException("informational answers without end"));
    } else if (status == EARLY_HINTS) {
      taker.hints(response.headers());
    } else if (status == SWITCHING_PROTOCOLS) {
      switching = response; // the end of this message is to be read by this connection still
    }
  }

  private boolean endsBeforeTheConnection(HttpResponse response, int status) {
    HttpHeaders headers = response.headers();
    return head
        || status == 204
        || status == 304
        || headers.contains(HttpHeaderNames.CONTENT_LENGTH)
        || HttpUtil.isTransferEncodingChunked(response);
  }

  /**
   * Whether there should be a body after a status that has none. It would be read as the answer to
   * the next request. A 304 may tell the length that a 200 would have.
   */
  private static boolean announcesWhatCannotCome(HttpResponse response) {
    int status = response.status().code();
    if (status != 204 && status != 304) {
      return false;
    }
    HttpHeaders headers = response.headers();
    String length = status == 304 ? null : headers.get(HttpHeaderNames.CONTENT_LENGTH);
    return headers.contains(HttpHeaderNames.TRANSFER_ENCODING)
        || (length != null && !length.equals("0"));
  }

  private void takeContent(HttpContent content, ResponseSink taker) {
    if (!(content instanceof LastHttpContent last)) {
      taker.chunk(content.content());
    } else if (!informational) {
      takeEnd(last, taker);
    } else if (switching != null) {
      takeSwitch(switching, taker);
    }
  }

  private void takeSwitch(HttpResponse response, ResponseSink taker) {
    if (upgrade) {
      taker.head(response);
    } else {
      fail(new IOException("changed the protocol unasked"));
    }
  }

  private void takeEnd(LastHttpContent last, ResponseSink taker) {
    if (!responseBegun || responseEnded) {
      fail(new IOException("an end without a beginning"));
      return;
    }
    if (endsWithConnection && isCutOff()) {
      fail(new IOException("TLS connection closed without a word"));
      return;
    }
    responseEnded = true;
    if (requestEnded) {
      next();
    }
    taker.end(last.content(), last.trailingHeaders());
  }

  /** Whether anybody on the way could have closed the connection, and with it the body. */
  private boolean isCutOff() {
    return socket.isSsl() && !closedProperly;
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (event instanceof SslCloseCompletionEvent closing) {
      closedProperly = closing.isSuccess();
    }
    ctx.fireUserEventTriggered(event);
  }

  /**
   * This exchange is over. The next one begins only when all that was read is looked at: what came
   * with this response answers no request.
   */
  private void next() {
    sink = null;
    if (!context.channel().config().isAutoRead()) {
      resume();
    }
    if (keepAlive && !upgrade) {
      releasing = true;
    } else {
      abort();
    }
  }

  private void releaseOrAbort() {
    if (decoder.isAhead()) {
      abort(); // with the beginning of a response that nobody asked for
    } else if (releasing) {
      releasing = false;
      owner.released(this);
    }
  }

  @Override
  public NetSocket upgraded() {
    sink = null;
    gone = true;
    socket.pause();
    ChannelPipeline pipeline = context.pipeline();
    pipeline.remove(this);
    pipeline.remove(DECODER); // hands over what it has read too far
    return socket;
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext ctx) {
    if (sink != null) {
      sink.readComplete();
    }
    if (sink == null) {
      releaseOrAbort();
    }
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext ctx) {
    if (sink != null && ctx.channel().isWritable()) {
      sink.drained();
    }
    ctx.fireChannelWritabilityChanged();
  }

  // The end.

  /** Closes the connection. Nobody is told but the owner. */
  @Override
  public void abort() {
    sink = null;
    releasing = false;
    ChannelHandlerContext first = context.channel().pipeline().firstContext();
    if (first != null) {
      ChannelFuture unused = first.close();
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    fail(new IOException("connection closed"));
    if (!gone) {
      gone = true;
      owner.closed(this);
    }
    ctx.fireChannelInactive();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    fail(cause);
  }

  private void fail(Throwable cause) {
    ResponseSink taker = sink;
    abort();
    if (taker != null) {
      taker.broke(cause);
    }
  }

  private void put(ByteBuf bytes) {
    ChannelFuture unused = context.write(bytes);
  }

  private void flush(ByteBuf bytes) {
    ChannelFuture unused = context.writeAndFlush(bytes);
  }

  private static ByteBuf constant(String text) {
    return Unpooled.unreleasableBuffer(Unpooled.directBuffer().writeBytes(text.getBytes(US_ASCII)));
  }

  /** Knows which request a response is for, and so where it ends. */
  private final class Decoder extends HttpResponseDecoder {
    private boolean begun;

    Decoder() {
      super(
          new HttpDecoderConfig()
              .setMaxInitialLineLength(MAX_STATUS_LINE_BYTES)
              .setMaxHeaderSize(MAX_HEADER_BYTES)
              .setMaxChunkSize(MAX_CHUNK_BYTES));
    }

    /** Whether a part of a message was read, and not all of it. */
    boolean isAhead() {
      return begun || actualReadableBytes() > 0;
    }

    @Override
    protected void decode(ChannelHandlerContext ctx, ByteBuf in, List<Object> out)
        throws Exception {
      int before = in.readableBytes();
      heard |= before > 0;
      super.decode(ctx, in, out);
      if (!out.isEmpty() && out.get(out.size() - 1) instanceof LastHttpContent) {
        begun = false;
      } else if (in.readableBytes() < before) {
        begun = true;
      }
    }

    @Override
    protected void handleTransferEncodingChunkedWithContentLength(HttpMessage message) {
      ambiguous = true;
      super.handleTransferEncodingChunkedWithContentLength(message);
    }

    @Override
    protected boolean isContentAlwaysEmpty(HttpMessage message) {
      HttpResponse response = (HttpResponse) message;
      ambiguous |= announcesWhatCannotCome(response); // here: Netty is about to drop the field
      return head
          || response.status().code() == SWITCHING_PROTOCOLS
          || super.isContentAlwaysEmpty(message);
    }
  }
}
