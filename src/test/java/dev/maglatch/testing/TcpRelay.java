// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.testing;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;

/**
 * A TCP port that passes everything on to another one, until told to do worse.
 *
 * <p>May be told so on any thread, at any time; what concerns connections concerns those that are
 * open then. Every thread of it is a daemon.
 */
public final class TcpRelay implements AutoCloseable {
  private static final int BUFFER_BYTES = 16 * 1024;
  private static final int BACKLOG = 256;

  private final ServerSocket listener;
  private final Set<Link> links = ConcurrentHashMap.newKeySet();
  private final AtomicInteger most = new AtomicInteger();
  private final Object flow = new Object();
  private boolean stalled; // guarded by flow
  private volatile boolean refusing;
  private volatile InetSocketAddress target;

  private TcpRelay(int targetPort, ServerSocket listener) {
    this.target = loopback(targetPort);
    this.listener = listener;
  }

  /** Listens on a free port of the loopback interface, before {@code port} of the same. */
  public static TcpRelay to(int port) {
    try {
      ServerSocket listener = new ServerSocket(0, BACKLOG, InetAddress.getLoopbackAddress());
      TcpRelay relay = new TcpRelay(port, listener);
      daemon(relay::acceptAll);
      return relay;
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  public int port() {
    return listener.getLocalPort();
  }

  /** Leads new connections to another port of the loopback interface. */
  public void redirect(int port) {
    target = loopback(port);
  }

  /** Returns how many connections are open now. */
  public int connections() {
    return links.size();
  }

  /** Returns how many connections {@code which} holds of now. */
  public int connections(Predicate<Link> which) {
    return (int) links.stream().filter(which).count();
  }

  /** Returns the most connections that were ever open at once. */
  public int mostConnections() {
    return most.get();
  }

  /** A connection that has sent {@code text} among its first bytes. */
  public static Predicate<Link> having(String text) {
    return link -> link.said(text);
  }

  /** Resets connections, on both sides. */
  public void cut(Predicate<Link> which) {
    links.stream().filter(which).forEach(Link::reset);
  }

  /** Resets every connection, on both sides. */
  public void cut() {
    cut(link -> true);
  }

  /** Resets every new connection, until {@link #heal}. */
  public void refuse() {
    refusing = true;
  }

  /**
   * Passes nothing on and closes nothing, new connections included, until {@link #heal}: a network
   * that was split.
   */
  public void stall() {
    synchronized (flow) {
      stalled = true;
    }
  }

  /** Swallows whatever connections carry from now on, for good; new ones work. */
  public void swallow(Predicate<Link> which) {
    links.stream().filter(which).forEach(link -> link.swallowed = true);
  }

  /** Ends the direction from the target to the client and leaves the other one open. */
  public void halfClose(Predicate<Link> which) {
    links.stream().filter(which).forEach(Link::endTowardsClient);
  }

  /** Passes everything on again; what was held back first. */
  public void heal() {
    refusing = false;
    synchronized (flow) {
      stalled = false;
      flow.notifyAll();
    }
  }

  @Override
  public void close() {
    closeQuietly(listener);
    heal();
    cut();
  }

  private void acceptAll() {
    while (!listener.isClosed()) {
      try {
        accepted(listener.accept());
      } catch (IOException closed) {
        return;
      }
    }
  }

  private void accepted(Socket client) {
    if (refusing) {
      resetQuietly(client);
      return;
    }
    Link link = new Link(client, new Socket());
    links.add(link);
    most.accumulateAndGet(links.size(), Math::max);
    daemon(link::toTarget);
  }

  private void awaitFlow() {
    synchronized (flow) {
      while (stalled) {
        try {
          flow.wait();
        } catch (InterruptedException unexpected) {
          Thread.currentThread().interrupt();
          return;
        }
      }
    }
  }

  /** One client's connection and ours to the target. */
  public final class Link {
    private static final int REMEMBERED_BYTES = 16 * 1024;

    private final Socket client;
    private final Socket server;
    private final ByteArrayOutputStream firstBytes = new ByteArrayOutputStream(); // guarded by this
    private volatile boolean swallowed;

    Link(Socket client, Socket server) {
      this.client = client;
      this.server = server;
    }

    private synchronized boolean said(String text) {
      return firstBytes.toString(ISO_8859_1).contains(text);
    }

    private synchronized void remember(byte[] bytes, int length) {
      int room = REMEMBERED_BYTES - firstBytes.size();
      firstBytes.write(bytes, 0, Math.min(room, length));
    }

    private void toTarget() {
      try {
        awaitFlow();
        client.setTcpNoDelay(true);
        server.setTcpNoDelay(true);
        server.connect(target);
        daemon(() -> pump(server, client));
        pump(client, server);
      } catch (IOException unreachable) {
        reset();
      }
    }

    private void pump(Socket from, Socket to) {
      byte[] buffer = new byte[BUFFER_BYTES];
      try {
        InputStream in = from.getInputStream();
        OutputStream out = to.getOutputStream();
        for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
          if (from == client) {
            remember(buffer, read);
          }
          awaitFlow();
          if (!swallowed) {
            out.write(buffer, 0, read);
          }
        }
        awaitFlow();
        ended(to);
      } catch (IOException broken) {
        reset();
      }
    }

    /** One side has ended; a client that has gone takes its whole connection along. */
    private void ended(Socket to) throws IOException {
      if (to == server) {
        reset();
      } else if (!swallowed) {
        to.shutdownOutput();
      }
    }

    private void endTowardsClient() {
      try {
        client.shutdownOutput();
      } catch (IOException alreadyClosed) {
        reset();
      }
    }

    private void reset() {
      links.remove(this);
      resetQuietly(client);
      resetQuietly(server);
    }
  }

  private static InetSocketAddress loopback(int port) {
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
  }

  private static void resetQuietly(Socket socket) {
    try {
      socket.setSoLinger(true, 0);
    } catch (IOException alreadyClosed) {
      return;
    }
    closeQuietly(socket);
  }

  private static void closeQuietly(AutoCloseable closing) {
    try {
      closing.close();
    } catch (Exception ignored) {
      // it is closed as far as it can be
    }
  }

  private static void daemon(Runnable work) {
    Thread thread = new Thread(work, "tcp-relay");
    thread.setDaemon(true);
    thread.start();
  }
}
