// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import io.vertx.core.Future;
import io.vertx.core.net.NetSocket;
import java.net.InetAddress;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * HTTP/2 connections of one event loop to one server. One is filled with streams before the next is
 * made; who finds no place waits in order of arrival, within a bound.
 */
final class Http2Pool extends Deadlines.Entry implements UpstreamLine {
  private static final long KEEP_ALIVE_NANOS = TimeUnit.SECONDS.toNanos(30);

  private final Loop loop;
  private final ProxyConfig.Pool bounds;
  private final Dialer dialer;
  private final UpstreamPool upgrades;
  private final Http2RequestHead head = new Http2RequestHead();
  private final List<Http2Connection> connections = new ArrayList<>();
  private final ArrayDeque<Waiter> waiting = new ArrayDeque<>();
  private int connecting;
  private boolean busyConnecting;
  private boolean retired;
  private Set<InetAddress> addresses = Set.of();

  /**
   * @param upgrades makes HTTP/1.1 connections to the same server
   */
  Http2Pool(Loop loop, ProxyConfig.Pool bounds, Dialer dialer, UpstreamPool upgrades) {
    this.loop = loop;
    this.bounds = bounds;
    this.dialer = dialer;
    this.upgrades = upgrades;
    loop.deadlines().add(this);
  }

  @Override
  public void acquire(Waiter waiter) {
    Http2Connection free = waiting.isEmpty() ? withRoom() : null;
    if (free != null) {
      free.open(waiter);
    } else if (isFull() && waitingForOthers() >= bounds.maxWaiting()) {
      waiter.notConnected(new PoolBusyException(connections.size(), waiting.size()));
    } else {
      waiting.add(waiter);
      connectForWaiting();
    }
  }

  /** Returns how many wait for whom there is no place on a connection that is being made. */
  private int waitingForOthers() {
    return waiting.size() - connecting * Http2Connection.MAX_STREAMS;
  }

  @Override
  public void withdraw(Waiter waiter) {
    waiting.remove(waiter);
  }

  @Override
  public void connectAlone(Waiter waiter) {
    upgrades.connectAlone(waiter);
  }

  @Override
  public void retire() {
    retired = true;
    loop.deadlines().remove(this);
    upgrades.retire();
    List.copyOf(connections).forEach(Http2Connection::retire);
  }

  @Override
  public void resolved(Set<InetAddress> now) {
    if (now.equals(addresses)) {
      return;
    }
    addresses = now;
    for (Http2Connection connection : List.copyOf(connections)) {
      if (!now.contains(connection.address())) {
        connection.retire();
      }
    }
  }

  Loop loop() {
    return loop;
  }

  Http2RequestHead head() {
    return head;
  }

  /** A stream of {@code connection} has ended, so that there may be room. */
  void hasRoom() {
    Http2Connection free = withRoom();
    while (free != null && !waiting.isEmpty()) {
      free.open(waiting.remove());
      free = withRoom();
    }
    connectForWaiting();
  }

  /** {@code connection} takes no stream any more. */
  void gone(Http2Connection connection) {
    if (connections.remove(connection)) {
      connectForWaiting();
    }
  }

  /** Closes what nobody has used for long. */
  @Override
  void check(long nowNanos) {
    for (int i = connections.size() - 1; i >= 0; i--) {
      if (connections.get(i).idleNanos(nowNanos) > KEEP_ALIVE_NANOS) {
        connections.get(i).retire();
      }
    }
  }

  private @Nullable Http2Connection withRoom() {
    for (int i = 0; i < connections.size(); i++) {
      if (connections.get(i).hasRoom()) {
        return connections.get(i);
      }
    }
    return null;
  }

  private boolean isFull() {
    return connections.size() + connecting >= bounds.maxConnections();
  }

  /** As in {@link UpstreamPool}: the first call goes on for all. */
  private void connectForWaiting() {
    if (busyConnecting) {
      return;
    }
    busyConnecting = true;
    try {
      while (connecting * Http2Connection.MAX_STREAMS < waiting.size() && !isFull()) {
        connecting++;
        Set<InetAddress> asked = addresses;
        dialer
            .dialHttp2()
            .compose(this::takeOver)
            .onComplete((made, failure) -> connected(asked, made, failure));
      }
    } finally {
      busyConnecting = false;
    }
  }

  /**
   * @param asked what the name stood for when it was looked up for this connection
   */
  private void connected(
      Set<InetAddress> asked, @Nullable Http2Connection made, @Nullable Throwable failure) {
    connecting--;
    if (made == null) {
      turnAway(UpstreamPool.reason(failure));
      connectForWaiting();
      return;
    }
    connections.add(made);
    hasRoom();
    if (retired || (asked != addresses && !addresses.contains(made.address()))) {
      made.retire();
    }
  }

  /**
   * Tells those whom a connection was to be made for that there is none: all of them if no other
   * could serve them, so that they find another server as soon as the first of them.
   */
  private void turnAway(Throwable cause) {
    int turned = connections.isEmpty() ? Math.min(waiting.size(), Http2Connection.MAX_STREAMS) : 1;
    for (int i = 0; i < turned; i++) {
      Waiter next = waiting.poll();
      if (next != null) {
        next.notConnected(cause);
      }
    }
  }

  private Future<Http2Connection> takeOver(NetSocket socket) {
    try {
      return new Http2Connection(socket, this).greeted(dialer.patienceMillis());
    } catch (NoSuchElementException closed) {
      socket.close();
      return Future.failedFuture(UpstreamPool.reason(closed));
    }
  }
}
