// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.postgres;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * Stands between a client and PostgreSQL and writes down every statement the client executes.
 *
 * <p>It reads the wire itself, so nothing that reaches the server is missed: simple queries as they
 * are, prepared ones each time they are executed. Only for connections without TLS.
 */
public final class StatementLog implements AutoCloseable {
  private final ServerSocket listener;
  private final DatabaseAddress address;
  private final URI server;
  private final Queue<String> prepared = new ConcurrentLinkedQueue<>();
  private final Queue<String> executed = new ConcurrentLinkedQueue<>();
  private final Queue<Socket> sockets = new ConcurrentLinkedQueue<>();

  private StatementLog(ServerSocket listener, DatabaseAddress server) {
    this.listener = listener;
    this.server = URI.create(server.url());
    this.address =
        new DatabaseAddress(
            server.url().replaceFirst("://[^/]+", "://127.0.0.1:" + listener.getLocalPort()),
            server.user(),
            server.password());
  }

  /** Starts to listen on a free port. */
  public static StatementLog before(DatabaseAddress server) {
    try {
      ServerSocket listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
      StatementLog log = new StatementLog(listener, server);
      start("accept", log::accept);
      return log;
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  /** Where clients connect to be logged. */
  public DatabaseAddress address() {
    return address;
  }

  /** Returns the text of every statement prepared so far, as often as it was, oldest first. */
  public List<String> prepared() {
    return List.copyOf(prepared);
  }

  /** Returns the text of every statement executed so far, oldest first. */
  public List<String> executed() {
    return List.copyOf(executed);
  }

  public void clear() {
    prepared.clear();
    executed.clear();
  }

  /** Breaks every connection and refuses new ones. */
  @Override
  public void close() {
    closeQuietly(listener);
    sockets.forEach(StatementLog::closeQuietly);
  }

  private void accept() throws IOException {
    while (true) {
      Socket client = listener.accept();
      Socket database = new Socket(server.getHost(), server.getPort());
      sockets.add(client);
      sockets.add(database);
      start("client", () -> relayStatements(client, database));
      start("server", () -> relayAnswers(database, client));
    }
  }

  private static void relayAnswers(Socket database, Socket client) throws IOException {
    try (client;
        database) {
      database.getInputStream().transferTo(client.getOutputStream());
    }
  }

  private void relayStatements(Socket client, Socket database) throws IOException {
    try (client;
        database) {
      Conversation conversation = new Conversation();
      DataInputStream in = new DataInputStream(client.getInputStream());
      OutputStream out = database.getOutputStream();
      relayStartup(in, out);
      while (true) {
        int type = in.read();
        if (type < 0) {
          return;
        }
        byte[] body = body(in);
        conversation.note((char) type, ByteBuffer.wrap(body));
        ByteBuffer message = ByteBuffer.allocate(body.length + 5);
        message.put((byte) type).putInt(body.length + 4).put(body);
        out.write(message.array());
      }
    }
  }

  /** The first message has no type. */
  private static void relayStartup(DataInputStream in, OutputStream out) throws IOException {
    byte[] body = body(in);
    out.write(ByteBuffer.allocate(body.length + 4).putInt(body.length + 4).put(body).array());
  }

  private static byte[] body(DataInputStream in) throws IOException {
    byte[] body = new byte[in.readInt() - 4];
    in.readFully(body);
    return body;
  }

  private static void start(String name, Task task) {
    Thread thread =
        new Thread(
            () -> {
              try {
                task.run();
              } catch (SocketException | EOFException closed) {
                // one side went away, and with it the other
              } catch (IOException broken) {
                throw new UncheckedIOException(broken);
              }
            },
            "statement-log-" + name);
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

  /** What one connection has prepared. */
  private final class Conversation {
    private final Map<String, String> statements = new HashMap<>();
    private final Map<String, String> portals = new HashMap<>();

    void note(char type, ByteBuffer body) {
      switch (type) {
        case 'Q' -> executed.add(text(body));
        case 'P' -> prepare(text(body), text(body));
        case 'B' -> portals.put(text(body), statements.getOrDefault(text(body), "unknown"));
        case 'E' -> executed.add(portals.getOrDefault(text(body), "unknown"));
        default -> {}
      }
    }

    private void prepare(String name, String sql) {
      statements.put(name, sql);
      prepared.add(sql);
    }

    private String text(ByteBuffer body) {
      ByteArrayOutputStream text = new ByteArrayOutputStream();
      for (byte next = body.get(); next != 0; next = body.get()) {
        text.write(next);
      }
      return text.toString(StandardCharsets.UTF_8);
    }
  }
}
