// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.testing;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * A receiver of webhooks on a port of this machine, as well or as badly behaved as a test wants.
 */
public final class HookReceiver implements AutoCloseable {
  /** Answers 200 with the body {@code ok} and keeps the connection. */
  public static final Behaviour GOOD = answer("200 OK", "", "ok");

  /** Requests as they came in, in that order. */
  public final List<Hook> hooks = new CopyOnWriteArrayList<>();

  /** Connections that were accepted. */
  public final AtomicInteger connections = new AtomicInteger();

  private final ServerSocket server;
  private final Set<Socket> open = ConcurrentHashMap.newKeySet();
  private volatile Behaviour behaviour;

  /** What happens once a request has arrived; returns whether the connection is kept. */
  @FunctionalInterface
  public interface Behaviour {
    boolean answer(Hook hook, Socket socket) throws IOException, InterruptedException;
  }

  /**
   * One request.
   *
   * @param headers by name in lower case
   */
  public record Hook(String target, Map<String, String> headers, String body) {
    public String header(String name) {
      return headers.getOrDefault(name, "");
    }

    public String id() {
      return header("webhook-id");
    }
  }

  public HookReceiver(Behaviour behaviour) {
    this(behaviour, plain());
  }

  /**
   * @param server listens already; may be one for TLS
   */
  public HookReceiver(Behaviour behaviour, ServerSocket server) {
    this.behaviour = behaviour;
    this.server = server;
    daemon(this::accept);
  }

  /** Returns a behaviour that answers at once. */
  public static Behaviour answer(String status, String headers, String body) {
    byte[] bytes =
        ("HTTP/1.1 "
                + status
                + "\r\nContent-Length: "
                + body.getBytes(UTF_8).length
                + "\r\n"
                + headers
                + "\r\n"
                + body)
            .getBytes(UTF_8);
    return (hook, socket) -> {
      socket.getOutputStream().write(bytes);
      return true;
    };
  }

  public void behave(Behaviour next) {
    behaviour = next;
  }

  public int port() {
    return server.getLocalPort();
  }

  public String url() {
    return "http://127.0.0.1:" + port() + "/in";
  }

  @Override
  public void close() {
    try {
      server.close();
      for (Socket socket : open) {
        socket.close();
      }
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  private void accept() {
    try {
      while (!server.isClosed()) {
        Socket socket = server.accept();
        connections.incrementAndGet();
        open.add(socket);
        daemon(() -> serve(socket));
      }
    } catch (IOException closed) {
      // the test is over
    }
  }

  private void serve(Socket socket) {
    try (socket) {
      socket.setTcpNoDelay(true);
      InputStream in = new BufferedInputStream(socket.getInputStream());
      boolean kept = true;
      while (kept) {
        Hook hook = read(in);
        if (hook == null) {
          return;
        }
        hooks.add(hook);
        kept = behaviour.answer(hook, socket);
      }
    } catch (IOException | InterruptedException broken) {
      // whoever sent it has gone away, or the test is over
    } finally {
      open.remove(socket);
    }
  }

  private static @Nullable Hook read(InputStream in) throws IOException {
    String first = line(in);
    if (first == null || first.isEmpty()) {
      return null;
    }
    Map<String, String> headers = new HashMap<>();
    for (String line = line(in); line != null && !line.isEmpty(); line = line(in)) {
      int colon = line.indexOf(':');
      headers.put(
          line.substring(0, colon).toLowerCase(Locale.ROOT), line.substring(colon + 1).strip());
    }
    int length = Integer.parseInt(headers.getOrDefault("content-length", "0"));
    return new Hook(first.split(" ", -1)[1], headers, new String(in.readNBytes(length), UTF_8));
  }

  private static @Nullable String line(InputStream in) throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    for (int next = in.read(); next != '\n'; next = in.read()) {
      if (next < 0) {
        return null;
      }
      line.write(next);
    }
    return line.toString(ISO_8859_1).stripTrailing();
  }

  /** Writes {@code chunk} for ever, or until the other side has had enough. */
  public static void flood(OutputStream out, byte[] chunk) throws IOException {
    while (true) {
      out.write(chunk);
    }
  }

  private static ServerSocket plain() {
    try {
      return new ServerSocket(0, 1_000, InetAddress.getLoopbackAddress());
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  private static void daemon(Runnable work) {
    Thread thread = new Thread(work, "hook-receiver");
    thread.setDaemon(true);
    thread.start();
  }
}
