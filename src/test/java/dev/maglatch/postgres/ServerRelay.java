// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.postgres;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;

/** Stands before a PostgreSQL and can fall silent, or cut and refuse connections. */
public final class ServerRelay implements AutoCloseable {
  /** A server says it in notifications only. */
  private static final String CHANNEL = "maglatch_changes";

  private final ServerSocket listener;
  private final URI server;
  private final DatabaseAddress address;
  private final Set<Link> links = ConcurrentHashMap.newKeySet();
  private final AtomicInteger accepted = new AtomicInteger();
  private final AtomicInteger notifications = new AtomicInteger();
  private final AtomicInteger listens = new AtomicInteger();
  private volatile boolean stalled;
  private volatile boolean refusing;

  private ServerRelay(ServerSocket listener, DatabaseAddress server) {
    this.listener = listener;
    this.server = URI.create(server.url());
    this.address =
        new DatabaseAddress(
            server.url().replaceFirst("://[^/]+", "://127.0.0.1:" + listener.getLocalPort()),
            server.user(),
            server.password());
  }

  public static ServerRelay before(DatabaseAddress server) {
    try {
      ServerRelay relay =
          new ServerRelay(new ServerSocket(0, 50, InetAddress.getLoopbackAddress()), server);
      start(relay::accept);
      return relay;
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  public DatabaseAddress address() {
    return address;
  }

  /** Returns how many connections there were in all. */
  public int accepted() {
    return accepted.get();
  }

  /** Returns how many connections clients hold open. */
  public int open() {
    return links.size();
  }

  /** Returns how often the server's notifications of changes went to a client. */
  public int notifications() {
    return notifications.get();
  }

  /** Returns how often the server said that a client listens from now on. */
  public int listens() {
    return listens.get();
  }

  /** From now on every connection takes what it is given and passes nothing, for good. */
  public void stall() {
    stalled = true;
    links.forEach(link -> link.silent = true);
  }

  /** Cuts every connection, and each new one at once: the server is gone. */
  public void refuse() {
    refusing = true;
    cut();
  }

  /** New connections work again. */
  public void flow() {
    stalled = false;
    refusing = false;
  }

  /** Makes connections silent, for good, whose client has said {@code text}. */
  public void silence(String text) {
    links.stream().filter(having(text)).forEach(link -> link.silent = true);
  }

  /** Closes connections whose client has said {@code text}. */
  public void cut(String text) {
    links.stream().filter(having(text)).toList().forEach(Link::close);
  }

  /** Closes the connections that there are now, none that a client makes because of it. */
  public void cut() {
    List.copyOf(links).forEach(Link::close);
  }

  @Override
  public void close() {
    closeQuietly(listener);
    cut();
  }

  private static Predicate<Link> having(String text) {
    return link -> String.join("", link.said).contains(text);
  }

  private void accept() throws IOException {
    while (true) {
      Link link = new Link(listener.accept());
      accepted.incrementAndGet();
      links.add(link);
      link.silent |= stalled; // since it began
      if (refusing) {
        link.close();
      } else {
        start(link::up);
      }
    }
  }

  private static void start(Task task) {
    Thread thread =
        new Thread(
            () -> {
              try {
                task.run();
              } catch (IOException closed) {
                // one side went away, and with it the other
              }
            },
            "server-relay");
    thread.setDaemon(true);
    thread.start();
  }

  private static void closeQuietly(AutoCloseable closeable) {
    try {
      closeable.close();
    } catch (Exception alreadyClosed) {
      // that is what was wanted
    }
  }

  private interface Task {
    void run() throws IOException;
  }

  /** A client and its server. */
  private final class Link {
    private final Socket client;
    private final Socket database;
    private final Queue<String> said = new ConcurrentLinkedQueue<>();
    private volatile boolean silent = stalled;

    Link(Socket client) throws IOException {
      this.client = client;
      this.database = new Socket(server.getHost(), server.getPort());
    }

    void up() throws IOException {
      start(this::down);
      try {
        pass(client.getInputStream(), database.getOutputStream(), true);
      } finally {
        close();
      }
    }

    private void down() throws IOException {
      pass(database.getInputStream(), client.getOutputStream(), false);
    }

    private void pass(InputStream from, OutputStream to, boolean up) throws IOException {
      byte[] buffer = new byte[8_192];
      for (int read = from.read(buffer); read >= 0; read = from.read(buffer)) {
        if (up) {
          said.add(new String(buffer, 0, read, ISO_8859_1));
        }
        if (!silent) {
          to.write(buffer, 0, read);
          if (!up) {
            count(new String(buffer, 0, read, ISO_8859_1));
          }
        }
      }
      if (!up && !silent) {
        close(); // the server said goodbye
      }
    }

    private void count(String fromServer) {
      if (fromServer.contains(CHANNEL)) {
        notifications.incrementAndGet();
      }
      if (fromServer.contains("LISTEN")) {
        listens.incrementAndGet();
      }
    }

    void close() {
      links.remove(this);
      closeQuietly(client);
      closeQuietly(database);
    }
  }
}
