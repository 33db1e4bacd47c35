// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One end of an HTTP/1 connection, byte by byte. */
final class Wire implements AutoCloseable {
  static final int TIMEOUT_MILLIS = 10_000;

  private final Socket socket;
  private final InputStream in;
  private final OutputStream out;
  private List<String> trailers = List.of();

  Wire(Socket socket) throws IOException {
    this.socket = socket;
    socket.setSoTimeout(TIMEOUT_MILLIS);
    socket.setTcpNoDelay(true);
    in = new BufferedInputStream(socket.getInputStream());
    out = socket.getOutputStream();
  }

  static Wire to(int port) throws IOException {
    return new Wire(new Socket(InetAddress.getLoopbackAddress(), port));
  }

  InputStream in() {
    return in;
  }

  OutputStream out() {
    return out;
  }

  Socket socket() {
    return socket;
  }

  void write(String text) throws IOException {
    out.write(text.getBytes(ISO_8859_1));
    out.flush();
  }

  /** Writes a head of these lines. */
  void send(String... lines) throws IOException {
    write(String.join("\r\n", lines) + "\r\n\r\n");
  }

  void writeChunk(String text) throws IOException {
    write(Integer.toHexString(text.length()) + "\r\n" + text + "\r\n");
  }

  /** Returns the next head, or null if the connection ended before its first byte. */
  @Nullable Message readHead() throws IOException {
    String line = readLine();
    if (line == null) {
      return null;
    }
    StringBuilder head = new StringBuilder(line);
    while (!line.isEmpty()) {
      line = readLine();
      if (line == null) {
        throw new EOFException("head broken off: " + head);
      }
      head.append("\r\n").append(line);
    }
    return Message.parse(head.toString());
  }

  /** Reads a head that must be there. */
  Message head() throws IOException {
    Message head = readHead();
    if (head == null) {
      throw new EOFException("no head");
    }
    return head;
  }

  /** Reads the body of a request by its framing. */
  byte[] readBody(Message head) throws IOException {
    if (head.chunked()) {
      return readChunks();
    }
    return in.readNBytes((int) Math.max(0, head.length()));
  }

  /** Reads the body of an answer, up to the close if nothing else bounds it; fails if cut off. */
  String readText(Message head) throws IOException {
    byte[] body;
    if (head.chunked()) {
      body = readChunks();
    } else if (head.length() >= 0) {
      body = in.readNBytes((int) head.length());
      if (body.length < head.length()) {
        throw new EOFException("body cut off after " + body.length);
      }
    } else {
      body = in.readAllBytes();
    }
    return new String(body, ISO_8859_1);
  }

  byte[] readChunks() throws IOException {
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    for (byte[] chunk = readChunk(); chunk.length > 0; chunk = readChunk()) {
      body.write(chunk);
    }
    return body.toByteArray();
  }

  /** Reads one chunk; the last one, which is empty, with its trailers. */
  byte[] readChunk() throws IOException {
    String size = readLine();
    if (size == null) {
      throw new EOFException("chunks cut off");
    }
    byte[] chunk = in.readNBytes(Integer.parseInt(size.strip(), 16));
    if (chunk.length > 0) {
      readLine();
    } else {
      trailers = readTrailers();
    }
    return chunk;
  }

  /** The trailer lines of the last chunked body. */
  List<String> trailers() {
    return trailers;
  }

  private List<String> readTrailers() throws IOException {
    List<String> lines = new ArrayList<>();
    String line = readLine();
    while (line != null && !line.isEmpty()) {
      lines.add(line);
      line = readLine();
    }
    return lines;
  }

  private @Nullable String readLine() throws IOException {
    StringBuilder line = new StringBuilder();
    for (int c = in.read(); c != '\n'; c = in.read()) {
      if (c < 0) {
        if (line.isEmpty()) {
          return null;
        }
        throw new EOFException("line cut off: " + line);
      }
      line.append((char) c);
    }
    if (!line.isEmpty() && line.charAt(line.length() - 1) == '\r') {
      line.setLength(line.length() - 1);
    }
    return line.toString();
  }

  /** Whether the other side has closed, properly or not; reads what comes before. */
  boolean isAtEnd() {
    try {
      return in.read() < 0;
    } catch (java.net.SocketTimeoutException open) {
      return false;
    } catch (IOException reset) {
      return true;
    }
  }

  /** Closes with a reset. */
  void reset() throws IOException {
    socket.setSoLinger(true, 0);
    socket.close();
  }

  void halfClose() throws IOException {
    socket.shutdownOutput();
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
