// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import static java.util.concurrent.TimeUnit.SECONDS;

import io.vertx.core.Future;
import io.vertx.core.http.HttpConnection;
import java.time.Duration;
import java.util.IdentityHashMap;
import java.util.List;

/** The clients' connections of one event loop, from the first to the last. */
final class ClientConnections {
  /*
   * How they end, so that no request is lost that could be answered.
   *
   * As long as connections are accepted, each answer is the last of its connection: clients that
   * keep theirs go elsewhere with the next request. Then the listener goes, but only after all that
   * the kernel had accepted for it has been taken up, since those are reset with it. Their requests
   * are waited for. What is idle then has had its chance, and is closed a few at a time: a request
   * that comes in the very moment of the close is lost, and the moment is short only if what came
   * before was read first.
   */
  private static final long PATIENCE_NANOS = SECONDS.toNanos(1);
  private static final Duration PAUSE = Duration.ofMillis(1);
  private static final int CLOSED_AT_ONCE = 16;

  private final Loop loop;
  private final IdentityHashMap<HttpConnection, ClientConnection> open = new IdentityHashMap<>();
  private boolean leaving;

  ClientConnections(Loop loop) {
    this.loop = loop;
  }

  /** Takes up a connection that was just accepted. */
  ClientConnection opened(HttpConnection connection) {
    ClientConnection client = new ClientConnection(loop, connection);
    open.put(connection, client);
    connection.closeHandler(closed -> closed(connection));
    if (leaving) {
      client.sayFarewell();
    }
    return client;
  }

  private void closed(HttpConnection connection) {
    ClientConnection client = open.remove(connection);
    if (client != null) {
      client.closed();
    }
  }

  /** Returns what is known about a connection; one that was never announced is taken up now. */
  ClientConnection of(HttpConnection connection) {
    ClientConnection known = open.get(connection);
    return known == null ? opened(connection) : known;
  }

  /** From now on the next answer on each connection is its last. */
  void leave() {
    leaving = true;
    List.copyOf(open.values()).forEach(ClientConnection::sayFarewell);
  }

  /** Waits a moment for requests that are on their way, then closes what is idle. */
  Future<Void> takeLastRequests() {
    long now = loop.nanoTime();
    boolean waits = false;
    int closed = 0;
    for (ClientConnection client : List.copyOf(open.values())) {
      if (client.expectsRequest(now, PATIENCE_NANOS) || closed == CLOSED_AT_ONCE) {
        waits = true;
      } else if (client.closeIfIdle()) {
        closed++;
      }
    }
    return waits
        ? loop.after(PAUSE).compose(later -> takeLastRequests())
        : Future.succeededFuture();
  }
}
