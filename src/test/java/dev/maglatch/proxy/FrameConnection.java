// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http2.DefaultHttp2HeadersDecoder;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Headers;
import io.vertx.core.buffer.Buffer;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * One end of HTTP/2 without TLS, usually the client's, that sends exactly the frames it is told to,
 * also those that nobody should. It acknowledges settings, and gives back what it reads to the
 * window unless told to be slow.
 */
final class FrameConnection implements AutoCloseable {
  static final int DATA = 0;
  static final int HEADERS = 1;
  static final int RST_STREAM = 3;
  static final int SETTINGS = 4;
  static final int PING = 6;
  static final int GOAWAY = 7;
  static final int WINDOW_UPDATE = 8;
  static final int CONTINUATION = 9;

  static final int NONE = 0;
  static final int END_STREAM = 1;
  static final int ACK = 1;
  static final int END_HEADERS = 4;
  private static final int PRIORITY = 0x20;
  private static final int PRIORITY_BYTES = 5;

  static final long NO_RESET = -1;
  private static final int MAX_FRAME = 16_384;
  private static final String PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

  private final Socket socket;
  private final DataInputStream in;
  private final DefaultHttp2HeadersDecoder decoder = new DefaultHttp2HeadersDecoder(false);
  private final Map<Integer, Gathered> streams = new TreeMap<>();
  private boolean slow;

  /** One frame. */
  record Frame(int type, int flags, int stream, Buffer payload) {
    boolean has(int flag) {
      return (flags & flag) != 0;
    }

    /** The error of a RST_STREAM or, with an offset of 4, of a GOAWAY. */
    long code(int offset) {
      return payload.getUnsignedInt(offset);
    }
  }

  /**
   * What came on one stream.
   *
   * @param reset the code of the RST_STREAM; {@link #NO_RESET} if there was none
   * @param ended whether END_STREAM was set
   */
  record Answer(List<Map<String, String>> heads, String body, boolean ended, long reset) {
    int status() {
      return Integer.parseInt(last().getOrDefault(":status", "0"));
    }

    /** Fields of the final head. */
    private Map<String, String> last() {
      Map<String, String> found = Map.of();
      for (Map<String, String> head : heads) {
        found = head.containsKey(":status") ? head : found;
      }
      return found;
    }

    String field(String name) {
      return last().getOrDefault(name, "");
    }

    Map<String, String> trailers() {
      Map<String, String> end = heads.get(heads.size() - 1);
      return end.containsKey(":status") ? Map.of() : end;
    }
  }

  private static final class Gathered {
    final List<Map<String, String>> heads = new ArrayList<>();
    final StringBuilder body = new StringBuilder();
    boolean ended;
    long reset = NO_RESET;

    Answer answer() {
      return new Answer(List.copyOf(heads), body.toString(), ended, reset);
    }
  }

  /** Connects, and sends preface and settings. */
  FrameConnection(int port, int... settings) throws IOException {
    this(new Socket(InetAddress.getLoopbackAddress(), port));
    raw(Buffer.buffer(PREFACE));
    settings(settings);
  }

  private FrameConnection(Socket socket) throws IOException {
    this.socket = socket;
    socket.setSoTimeout(Wire.TIMEOUT_MILLIS);
    socket.setTcpNoDelay(true);
    in = new DataInputStream(new java.io.BufferedInputStream(socket.getInputStream()));
  }

  /** Is the server of a connection. Nothing was sent yet: {@link #settings} must come first. */
  static FrameConnection accepted(Socket socket) throws IOException {
    FrameConnection accepted = new FrameConnection(socket);
    if (!PREFACE.equals(new String(accepted.in.readNBytes(PREFACE.length()), ISO_8859_1))) {
      throw new IOException("no preface of HTTP/2");
    }
    return accepted;
  }

  /** Sends settings, as numbers and values in turn. */
  FrameConnection settings(int... settings) throws IOException {
    Buffer payload = Buffer.buffer();
    for (int i = 0; i < settings.length; i += 2) {
      payload.appendUnsignedShort(settings[i]).appendInt(settings[i + 1]);
    }
    return send(SETTINGS, NONE, 0, payload);
  }

  Socket socket() {
    return socket;
  }

  /** From now on nothing that is read is given back to the window. */
  FrameConnection slow() {
    slow = true;
    return this;
  }

  FrameConnection raw(Buffer bytes) throws IOException {
    socket.getOutputStream().write(bytes.getBytes());
    socket.getOutputStream().flush();
    return this;
  }

  FrameConnection send(int type, int flags, int stream, Buffer payload) throws IOException {
    return raw(frame(type, flags, stream, payload));
  }

  static Buffer frame(int type, int flags, int stream, Buffer payload) {
    return Buffer.buffer()
        .appendMedium(payload.length())
        .appendByte((byte) type)
        .appendByte((byte) flags)
        .appendInt(stream)
        .appendBuffer(payload);
  }

  /** Sends a request without a body; more fields follow as names and values in turn. */
  FrameConnection get(int stream, String path, String... more) throws IOException {
    return send(HEADERS, END_HEADERS | END_STREAM, stream, head("GET", path, more));
  }

  /** Sends the head of a request with a body. */
  FrameConnection post(int stream, String path, String... more) throws IOException {
    return send(HEADERS, END_HEADERS, stream, head("POST", path, more));
  }

  FrameConnection data(int stream, boolean last, String text) throws IOException {
    return send(DATA, last ? END_STREAM : NONE, stream, Buffer.buffer(text, "ISO-8859-1"));
  }

  FrameConnection reset(int stream, int code) throws IOException {
    return send(RST_STREAM, NONE, stream, Buffer.buffer().appendInt(code));
  }

  FrameConnection window(int stream, int bytes) throws IOException {
    return send(WINDOW_UPDATE, NONE, stream, Buffer.buffer().appendInt(bytes));
  }

  /** Sends a head of any length, in as many frames as it takes. */
  FrameConnection sendHead(int flags, int stream, Buffer block) throws IOException {
    for (int begin = 0; begin < block.length(); begin += MAX_FRAME) {
      int end = Math.min(block.length(), begin + MAX_FRAME);
      int last = end == block.length() ? END_HEADERS : NONE;
      send(
          begin == 0 ? HEADERS : CONTINUATION,
          begin == 0 ? flags | last : last,
          stream,
          block.getBuffer(begin, end));
    }
    return this;
  }

  static Buffer head(String method, String path, String... more) {
    return fields(":method", method, ":scheme", "http", ":path", path, ":authority", "a.example:1")
        .appendBuffer(fields(more));
  }

  /** Encodes names and values as literals that are not indexed. */
  static Buffer fields(String... namesAndValues) {
    Buffer block = Buffer.buffer();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      block.appendByte((byte) 0);
      text(block, namesAndValues[i]);
      text(block, namesAndValues[i + 1]);
    }
    return block;
  }

  private static void text(Buffer block, String text) {
    byte[] bytes = text.getBytes(ISO_8859_1);
    int rest = bytes.length;
    if (rest < 127) {
      block.appendByte((byte) rest);
    } else {
      block.appendByte((byte) 127);
      for (rest -= 127; rest >= 128; rest >>= 7) {
        block.appendByte((byte) (rest | 0x80));
      }
      block.appendByte((byte) rest);
    }
    block.appendBytes(bytes);
  }

  /** Returns the next frame; null if the connection ended, in order or by reset. */
  @Nullable Frame next() throws IOException {
    int length;
    try {
      length = in.readUnsignedByte() << 16 | in.readUnsignedShort();
    } catch (EOFException | java.net.SocketException ended) {
      return null;
    }
    int type = in.readUnsignedByte();
    int flags = in.readUnsignedByte();
    int stream = in.readInt() & Integer.MAX_VALUE;
    Buffer payload = Buffer.buffer(in.readNBytes(length));
    Frame frame = new Frame(type, flags, stream, payload);
    take(frame);
    return frame;
  }

  private void take(Frame frame) throws IOException {
    Gathered stream = streams.computeIfAbsent(frame.stream(), id -> new Gathered());
    stream.ended |= frame.type() <= HEADERS && frame.has(END_STREAM);
    switch (frame.type()) {
      case SETTINGS -> {
        if (!frame.has(ACK)) {
          send(SETTINGS, ACK, 0, Buffer.buffer());
        }
      }
      case HEADERS -> stream.heads.add(decoded(frame));
      case RST_STREAM -> stream.reset = frame.code(0);
      case DATA -> {
        stream.body.append(frame.payload().toString(ISO_8859_1));
        if (!slow && frame.payload().length() > 0) {
          window(0, frame.payload().length());
          if (!stream.ended) {
            window(frame.stream(), frame.payload().length());
          }
        }
      }
      default -> {} // of no interest here
    }
  }

  private Map<String, String> decoded(Frame frame) throws IOException {
    Map<String, String> fields = new TreeMap<>();
    try {
      int start = frame.has(PRIORITY) ? PRIORITY_BYTES : 0;
      byte[] block = frame.payload().getBytes(start, frame.payload().length());
      Http2Headers headers = decoder.decodeHeaders(frame.stream(), Unpooled.wrappedBuffer(block));
      headers.forEach(field -> fields.put(field.getKey().toString(), "" + field.getValue()));
    } catch (Http2Exception bad) {
      throw new IOException(bad);
    }
    return fields;
  }

  /** Reads until a stream has ended or was reset. */
  Answer answer(int stream) throws IOException {
    Gathered gathered = streams.computeIfAbsent(stream, id -> new Gathered());
    while (!gathered.ended && gathered.reset == NO_RESET) {
      if (next() == null) {
        throw new EOFException("connection ended with " + sofar(stream));
      }
    }
    return sofar(stream);
  }

  /** Reads until a frame of {@code type} has come, and returns it. */
  Frame until(int type) throws IOException {
    for (Frame frame = next(); frame != null; frame = next()) {
      if (frame.type() == type) {
        return frame;
      }
    }
    throw new EOFException("connection ended without a frame of type " + type);
  }

  /** Returns what has come on a stream so far. */
  Answer sofar(int stream) {
    Gathered gathered = streams.get(stream);
    return gathered == null ? new Gathered().answer() : gathered.answer();
  }

  /** Reads until the connection ends; returns the code of its GOAWAY, or -1 if there was none. */
  long readToEnd() throws IOException {
    long code = -1;
    try {
      for (Frame frame = next(); frame != null; frame = next()) {
        code = frame.type() == GOAWAY ? frame.code(4) : code;
      }
    } catch (java.net.SocketException brokenPipe) {
      // what was to be acknowledged came just before the end
    }
    return code;
  }

  /** Reads until the connection ends, and answers nothing. */
  void onlyListen() throws IOException {
    in.transferTo(OutputStream.nullOutputStream());
  }

  static List<String> parts(String text) {
    List<String> parts = new ArrayList<>();
    for (int i = 0; i < text.length(); i += MAX_FRAME) {
      parts.add(text.substring(i, Math.min(text.length(), i + MAX_FRAME)));
    }
    return parts;
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
