// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import static io.netty.handler.codec.http2.Http2Error.PROTOCOL_ERROR;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http2.Http2Connection;
import io.netty.handler.codec.http2.Http2ConnectionHandler;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Flags;
import io.netty.handler.codec.http2.Http2FrameListenerDecorator;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2Headers.PseudoHeaderName;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.codec.http2.Http2Stream;
import io.vertx.core.http.HttpConnection;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reads the heads and trailers of HTTP/2 requests before Vert.x does, which drops trailers, takes
 * the first of several {@code Host} fields, and does not say whether a body follows.
 *
 * <p>What Netty has let pass is well-formed as HTTP/2; what two readers could understand
 * differently is refused here with a stream error. One for each connection, on its event loop.
 */
final class StrictFrames extends Http2FrameListenerDecorator {
  private final Http2Connection connection;
  private final Http2Connection.PropertyKey key;
  private boolean bodyFollows;
  private boolean unfinished;

  /** What is known of one stream. */
  private static final class Seen {
    @Nullable HttpHeaders trailers;
  }

  private StrictFrames(Http2ConnectionHandler handler) {
    super(handler.decoder().frameListener());
    this.connection = handler.connection();
    this.key = connection.newKey();
  }

  /** Puts one before Vert.x; null if {@code client} does not speak HTTP/2. */
  static @Nullable StrictFrames install(HttpConnection client) {
    Channel channel = Connections.channel(client);
    Http2ConnectionHandler handler =
        channel == null ? null : channel.pipeline().get(Http2ConnectionHandler.class);
    if (handler == null) {
      return null;
    }
    StrictFrames frames = new StrictFrames(handler);
    handler.decoder().frameListener(frames);
    return frames;
  }

  /** Notes that bytes come; returns whether they are the first since a frame was whole. */
  boolean begin() {
    boolean first = !unfinished;
    unfinished = true;
    return first;
  }

  /** Whether bytes have come that make no whole frame yet, or no whole head. */
  boolean unfinished() {
    return unfinished;
  }

  /** Whether a body follows the head that is being handled. Ask while it is. */
  boolean bodyFollows() {
    return bodyFollows;
  }

  /** Returns the trailers of a request that has ended; null if there were none. */
  @Nullable HttpHeaders trailers(int streamId) {
    Http2Stream stream = connection.stream(streamId);
    Seen seen = stream == null ? null : stream.getProperty(key);
    return seen == null ? null : seen.trailers;
  }

  @Override
  public void onHeadersRead(
      ChannelHandlerContext context, int id, Http2Headers headers, int padding, boolean last)
      throws Http2Exception {
    look(id, headers, last);
    super.onHeadersRead(context, id, headers, padding, last);
  }

  @Override
  public void onHeadersRead(
      ChannelHandlerContext context,
      int id,
      Http2Headers headers,
      int dependency,
      short weight,
      boolean exclusive,
      int padding,
      boolean last)
      throws Http2Exception {
    look(id, headers, last);
    super.onHeadersRead(context, id, headers, padding, last); // priorities mean nothing here
  }

  private void look(int id, Http2Headers headers, boolean last) throws Http2Exception {
    unfinished = false;
    Http2Stream stream = connection.stream(id);
    if (stream == null) {
      return; // gone meanwhile
    }
    Seen seen = stream.getProperty(key);
    if (seen == null) {
      requireOneReading(id, headers);
      bodyFollows = !last;
      stream.setProperty(key, new Seen());
    } else if (!headers.isEmpty()) {
      seen.trailers = trailers(id, headers);
    }
  }

  // Each of these ends a frame.

  @Override
  public int onDataRead(
      ChannelHandlerContext context, int id, ByteBuf data, int padding, boolean last)
      throws Http2Exception {
    unfinished = false;
    return super.onDataRead(context, id, data, padding, last);
  }

  @Override
  public void onPriorityRead(
      ChannelHandlerContext context, int id, int dependency, short weight, boolean exclusive) {
    unfinished = false; // priorities mean nothing here
  }

  @Override
  public void onRstStreamRead(ChannelHandlerContext context, int id, long code)
      throws Http2Exception {
    unfinished = false;
    super.onRstStreamRead(context, id, code);
  }

  @Override
  public void onSettingsAckRead(ChannelHandlerContext context) throws Http2Exception {
    unfinished = false;
    super.onSettingsAckRead(context);
  }

  @Override
  public void onSettingsRead(ChannelHandlerContext context, Http2Settings settings)
      throws Http2Exception {
    unfinished = false;
    super.onSettingsRead(context, settings);
  }

  @Override
  public void onPingRead(ChannelHandlerContext context, long data) {
    unfinished = false; // Netty answers
  }

  @Override
  public void onPingAckRead(ChannelHandlerContext context, long data) throws Http2Exception {
    unfinished = false;
    super.onPingAckRead(context, data);
  }

  @Override
  public void onGoAwayRead(ChannelHandlerContext context, int last, long code, ByteBuf text)
      throws Http2Exception {
    unfinished = false;
    super.onGoAwayRead(context, last, code, text);
  }

  @Override
  public void onWindowUpdateRead(ChannelHandlerContext context, int id, int bytes)
      throws Http2Exception {
    unfinished = false;
    super.onWindowUpdateRead(context, id, bytes);
  }

  @Override
  public void onUnknownFrame(
      ChannelHandlerContext context, byte type, int id, Http2Flags flags, ByteBuf payload) {
    unfinished = false; // means nothing here
  }

  private static void requireOneReading(int id, Http2Headers headers) throws Http2Exception {
    for (PseudoHeaderName name : List.of(PseudoHeaderName.METHOD, PseudoHeaderName.PATH)) {
      require(id, headers.getAll(name.value()).size() == 1, "one " + name.value());
    }
    List<CharSequence> schemes = headers.getAll(PseudoHeaderName.SCHEME.value());
    require(id, schemes.size() == 1 && isHttp(schemes.get(0)), "http or https");
    require(id, Characters.OF_METHOD.make(headers.method()), "a method");
    List<CharSequence> hosts = headers.getAll(HttpHeaderNames.HOST);
    require(id, hosts.size() <= 1, "one host");
    List<CharSequence> authorities = headers.getAll(PseudoHeaderName.AUTHORITY.value());
    require(id, authorities.size() <= 1, "one authority");
    if (!hosts.isEmpty() && !authorities.isEmpty()) {
      String host = hosts.get(0).toString();
      require(id, host.equalsIgnoreCase(authorities.get(0).toString()), "host as authority");
    }
  }

  private static boolean isHttp(CharSequence scheme) {
    return "http".contentEquals(scheme) || "https".contentEquals(scheme);
  }

  private static HttpHeaders trailers(int id, Http2Headers fields) throws Http2Exception {
    HttpHeaders trailers = new DefaultHttpHeaders();
    for (Map.Entry<CharSequence, CharSequence> field : fields) {
      require(id, Characters.OF_HEADER_NAME.make(field.getKey()), "a trailer's name");
      require(id, Gate.isValue(field.getValue()), "a trailer's value");
      trailers.add(field.getKey(), field.getValue());
    }
    return trailers;
  }

  private static void require(int streamId, boolean condition, String expected)
      throws Http2Exception {
    if (!condition) {
      throw Http2Exception.streamError(streamId, PROTOCOL_ERROR, "expected " + expected);
    }
  }
}
