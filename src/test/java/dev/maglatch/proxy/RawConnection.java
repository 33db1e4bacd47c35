// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** A client that sends exactly the bytes it is told to, also those that no client should. */
public final class RawConnection implements AutoCloseable {
  private static final int PATIENCE_MILLIS = 10_000;

  private final Socket socket;
  private final InputStream in;

  public RawConnection(int port) {
    try {
      this.socket = new Socket(InetAddress.getLoopbackAddress(), port);
      socket.setSoTimeout(PATIENCE_MILLIS);
      socket.setTcpNoDelay(true);
      this.in = socket.getInputStream();
    } catch (IOException failed) {
      throw new IllegalStateException("cannot connect to port " + port, failed);
    }
  }

  /** One answer; header names in any case, the last of equal ones. */
  public record Answer(int status, Map<String, String> headers, String body) {
    public String header(String name) {
      return headers.getOrDefault(name, "");
    }
  }

  /** Sends text as ISO-8859-1; a bare line feed stays one. */
  public RawConnection send(String text) {
    try {
      socket.getOutputStream().write(text.getBytes(ISO_8859_1));
      socket.getOutputStream().flush();
      return this;
    } catch (IOException failed) {
      throw new IllegalStateException("cannot send", failed);
    }
  }

  /** Reads one answer with {@code Content-Length} or chunked body, or without one. */
  public Answer read() {
    try {
      String head = line();
      if (head.isEmpty()) {
        throw new IllegalStateException("closed without an answer");
      }
      int status = Integer.parseInt(head.substring(9, 12));
      Map<String, String> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
      for (String line = line(); !line.isEmpty(); line = line()) {
        int colon = line.indexOf(':');
        headers.put(line.substring(0, colon), line.substring(colon + 1).strip());
      }
      return new Answer(status, headers, status < 200 ? "" : body(headers));
    } catch (IOException failed) {
      throw new IllegalStateException("cannot read", failed);
    }
  }

  /** Whether the other side ends the connection without sending anything more. */
  public boolean isClosedByServer() {
    try {
      return in.read() < 0;
    } catch (java.net.SocketTimeoutException open) {
      return false;
    } catch (IOException reset) {
      return true;
    }
  }

  /** Reads up to the end of {@code text}. */
  public void readUntil(String text) {
    StringBuilder seen = new StringBuilder();
    try {
      while (seen.indexOf(text) < 0) {
        int next = in.read();
        if (next < 0) {
          throw new IllegalStateException("closed after " + seen);
        }
        seen.append((char) next);
      }
    } catch (IOException failed) {
      throw new IllegalStateException("cannot read after " + seen, failed);
    }
  }

  /** Reads all until the other side ends the connection, in order or by reset. */
  public String readToEnd() {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    try {
      in.transferTo(all);
    } catch (java.net.SocketTimeoutException open) {
      throw new IllegalStateException("not closed, after " + all.toString(ISO_8859_1), open);
    } catch (IOException reset) {
      // ended all the same
    }
    return all.toString(ISO_8859_1);
  }

  @Override
  public void close() {
    try {
      socket.close();
    } catch (IOException ignored) {
      // closed enough
    }
  }

  private String body(Map<String, String> headers) throws IOException {
    if (headers.getOrDefault("transfer-encoding", "").toLowerCase(Locale.ROOT).equals("chunked")) {
      StringBuilder body = new StringBuilder();
      for (int size = chunkSize(); size > 0; size = chunkSize()) {
        body.append(new String(in.readNBytes(size), ISO_8859_1));
        line();
      }
      line();
      return body.toString();
    }
    int length = Integer.parseInt(headers.getOrDefault("content-length", "0"));
    return new String(in.readNBytes(length), ISO_8859_1);
  }

  private int chunkSize() throws IOException {
    return Integer.parseInt(line(), 16);
  }

  private String line() throws IOException {
    StringBuilder line = new StringBuilder();
    for (int c = in.read(); c >= 0 && c != '\n'; c = in.read()) {
      line.append((char) c);
    }
    int end = line.length();
    return end > 0 && line.charAt(end - 1) == '\r' ? line.substring(0, end - 1) : line.toString();
  }
}
