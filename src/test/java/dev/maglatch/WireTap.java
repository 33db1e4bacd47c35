// SPDX-License-Identifier: Apache-2.0
package dev.maglatch;

import static org.awaitility.Awaitility.await;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A port in front of a server that passes every byte on as it came and keeps a copy. It reads
 * HTTP/1.1 out of the copies once a connection is over, so it changes nothing, and what is not HTTP
 * is simply not among the exchanges.
 */
final class WireTap implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private final ServerSocket listener;
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final ConcurrentLinkedQueue<HttpExchange> exchanges = new ConcurrentLinkedQueue<>();
  private final List<Socket> sockets = new CopyOnWriteArrayList<>();
  private final AtomicInteger open = new AtomicInteger();
  private volatile int target;

  /** Opens the port; {@link #to} says where connections go. */
  WireTap() {
    try {
      listener = new ServerSocket(0, 1_000, InetAddress.getLoopbackAddress());
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
    threads.execute(this::accept);
  }

  String url() {
    return "http://127.0.0.1:" + listener.getLocalPort();
  }

  void to(int port) {
    target = port;
  }

  /** Returns what was exchanged since the last call, when every connection is over. */
  List<HttpExchange> drain() {
    await().atMost(PATIENCE).until(() -> open.get() == 0);
    List<HttpExchange> all = new ArrayList<>();
    for (HttpExchange next = exchanges.poll(); next != null; next = exchanges.poll()) {
      all.add(next);
    }
    return all;
  }

  @Override
  public void close() {
    closeQuietly(listener);
    sockets.forEach(WireTap::closeQuietly);
    threads.shutdownNow();
  }

  private void accept() {
    while (!listener.isClosed()) {
      try {
        Socket client = listener.accept();
        open.incrementAndGet();
        threads.execute(() -> serve(client));
      } catch (IOException closed) {
        return;
      }
    }
  }

  private void serve(Socket client) {
    ByteArrayOutputStream sent = new ByteArrayOutputStream();
    ByteArrayOutputStream answered = new ByteArrayOutputStream();
    try (client;
        Socket server = new Socket(InetAddress.getLoopbackAddress(), target)) {
      sockets.addAll(List.of(client, server));
      client.setTcpNoDelay(true);
      server.setTcpNoDelay(true);
      var requests = threads.submit(() -> copy(client, server, sent));
      copy(server, client, answered);
      closeQuietly(client);
      requests.get();
      sockets.removeAll(List.of(client, server));
    } catch (Exception ended) {
      // as abruptly for the other side: that is all a tap can do
    } finally {
      exchanges.addAll(HttpBytes.exchanges(sent.toByteArray(), answered.toByteArray()));
      open.decrementAndGet();
    }
  }

  private static Void copy(Socket from, Socket to, ByteArrayOutputStream copy) {
    byte[] chunk = new byte[16_384];
    try {
      InputStream in = from.getInputStream();
      OutputStream out = to.getOutputStream();
      for (int n = in.read(chunk); n >= 0; n = in.read(chunk)) {
        copy.write(chunk, 0, n);
        out.write(chunk, 0, n);
      }
      to.shutdownOutput();
    } catch (IOException ended) {
      closeQuietly(to);
    }
    return null;
  }

  private static void closeQuietly(AutoCloseable closeable) {
    try {
      closeable.close();
    } catch (Exception closing) {
      // it is closed
    }
  }
}
