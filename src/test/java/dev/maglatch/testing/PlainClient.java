// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.testing;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * An HTTP/1.1 client with one connection that it keeps, which never sends anything twice and tells
 * exactly how each request ended. For one thread.
 */
public final class PlainClient implements AutoCloseable {
  private static final int CONNECT_MILLIS = 2_000;

  private final int port;
  private final int patienceMillis;
  private @Nullable Socket socket;
  private @Nullable InputStream in;

  /**
   * @param patienceMillis how long an answer may be silent before it counts as broken
   */
  public PlainClient(int port, int patienceMillis) {
    this.port = port;
    this.patienceMillis = patienceMillis;
  }

  /** How a request ended. */
  public enum Ending {
    ANSWERED,
    /** Nobody accepted a new connection: the request was not sent. */
    REFUSED,
    /** A connection that was kept ended before the first byte of an answer. */
    STALE,
    /** Anything else: no answer on a new connection, half an answer, or one that came too late. */
    BROKEN
  }

  /**
   * What came of one request.
   *
   * @param status 0 unless answered
   * @param headers names in any case, the last of equal ones
   * @param sentNanos {@link System#nanoTime()} before it was sent
   * @param endedNanos {@link System#nanoTime()} when the last byte had come
   */
  public record Answer(
      Ending ending,
      int status,
      Map<String, String> headers,
      String body,
      long sentNanos,
      long endedNanos) {
    public String header(String name) {
      return headers.getOrDefault(name, "");
    }

    public long millis() {
      return (endedNanos - sentNanos) / 1_000_000;
    }
  }

  public Answer get(String path, String token) {
    return send("GET", path, token, "");
  }

  public Answer post(String path, String token, String body) {
    return send("POST", path, token, body);
  }

  /**
   * Sends one request and waits for its end.
   *
   * @param token what follows {@code Bearer}; empty for none
   */
  public Answer send(String method, String path, String token, String body) {
    long sent = System.nanoTime();
    boolean kept = socket != null;
    if (!kept && !connect()) {
      return ended(Ending.REFUSED, sent);
    }
    try {
      write(method, path, token, body);
      String line = line();
      if (line == null) {
        close();
        return ended(kept ? Ending.STALE : Ending.BROKEN, sent);
      }
      return read(line, sent);
    } catch (java.net.SocketTimeoutException late) {
      close();
      return ended(Ending.BROKEN, sent);
    } catch (IOException broken) {
      close();
      return ended(kept ? Ending.STALE : Ending.BROKEN, sent);
    }
  }

  /** Lets a kept connection go that the other end has closed, as a pool of connections does. */
  public void dropIfEnded() {
    Socket open = socket;
    if (open == null) {
      return;
    }
    InputStream from = in();
    from.mark(1);
    try {
      open.setSoTimeout(1);
      if (from.read() < 0) {
        close();
        return;
      }
      from.reset();
      open.setSoTimeout(patienceMillis);
    } catch (java.net.SocketTimeoutException alive) {
      restorePatience(open);
    } catch (IOException ended) {
      close();
    }
  }

  private void restorePatience(Socket open) {
    try {
      open.setSoTimeout(patienceMillis);
    } catch (IOException ended) {
      close();
    }
  }

  @Override
  public void close() {
    try {
      if (socket != null) {
        socket.close();
      }
    } catch (IOException ignored) {
      // closed enough
    }
    socket = null;
    in = null;
  }

  private static Answer ended(Ending ending, long sent) {
    return new Answer(ending, 0, Map.of(), "", sent, System.nanoTime());
  }

  private boolean connect() {
    Socket opening = new Socket();
    try {
      opening.connect(
          new InetSocketAddress(InetAddress.getLoopbackAddress(), port), CONNECT_MILLIS);
      if (opening.getLocalPort() == port) {
        opening.close(); // nobody listens, and the kernel connected the socket with itself
        return false;
      }
      opening.setTcpNoDelay(true);
      opening.setSoTimeout(patienceMillis);
      socket = opening;
      in = new BufferedInputStream(opening.getInputStream());
      return true;
    } catch (IOException refused) {
      return false;
    }
  }

  private void write(String method, String path, String token, String body) throws IOException {
    StringBuilder head = new StringBuilder();
    head.append(method).append(' ').append(path).append(" HTTP/1.1\r\nHost: 127.0.0.1\r\n");
    if (!token.isEmpty()) {
      head.append("Authorization: Bearer ").append(token).append("\r\n");
    }
    if (!method.equals("GET")) {
      head.append("Content-Length: ").append(body.getBytes(UTF_8).length).append("\r\n");
    }
    head.append("\r\n").append(body);
    Socket open = socket;
    if (open == null) {
      throw new EOFException("not connected");
    }
    open.getOutputStream().write(head.toString().getBytes(UTF_8));
  }

  private Answer read(String first, long sent) {
    try {
      int status = Integer.parseInt(first.substring(9, 12));
      Map<String, String> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
      for (String line = line(); !"".equals(line); line = line()) {
        if (line == null) {
          throw new EOFException("head broken off");
        }
        int colon = line.indexOf(':');
        headers.put(line.substring(0, colon), line.substring(colon + 1).strip());
      }
      String body = body(headers);
      if (headers.getOrDefault("Connection", "").equalsIgnoreCase("close")) {
        close();
      }
      return new Answer(Ending.ANSWERED, status, headers, body, sent, System.nanoTime());
    } catch (IOException | RuntimeException broken) {
      close();
      return ended(Ending.BROKEN, sent);
    }
  }

  private String body(Map<String, String> headers) throws IOException {
    if (!headers.getOrDefault("Transfer-Encoding", "").toLowerCase(Locale.ROOT).equals("chunked")) {
      return exactly(Integer.parseInt(headers.getOrDefault("Content-Length", "0")));
    }
    StringBuilder body = new StringBuilder();
    for (int size = chunkSize(); size > 0; size = chunkSize()) {
      body.append(exactly(size));
      line();
    }
    line();
    return body.toString();
  }

  private int chunkSize() throws IOException {
    String line = line();
    if (line == null) {
      throw new EOFException("body broken off");
    }
    return Integer.parseInt(line, 16);
  }

  private String exactly(int length) throws IOException {
    byte[] bytes = in().readNBytes(length);
    if (bytes.length < length) {
      throw new EOFException("body broken off");
    }
    return new String(bytes, UTF_8);
  }

  /** Returns the next line without its end; null if there is none. */
  private @Nullable String line() throws IOException {
    StringBuilder line = new StringBuilder();
    int next = in().read();
    if (next < 0) {
      return null;
    }
    for (; next >= 0 && next != '\n'; next = in().read()) {
      if (next != '\r') {
        line.append((char) next);
      }
    }
    return line.toString();
  }

  private InputStream in() {
    if (in == null) {
      throw new UncheckedIOException(new EOFException("not connected"));
    }
    return in;
  }
}
