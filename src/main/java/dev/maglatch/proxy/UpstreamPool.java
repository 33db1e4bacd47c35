// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import io.vertx.core.Future;
import io.vertx.core.net.NetSocket;
import java.io.IOException;
import java.net.InetAddress;
import java.util.ArrayDeque;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Connections of one event loop to one upstream.
 *
 * <p>The connection used last is used next, so that those not needed grow old and are closed. Who
 * finds none waits in order of arrival, within a bound; whether for too long is for the waiter to
 * decide.
 */
final class UpstreamPool extends Deadlines.Entry implements UpstreamLine, UpstreamConnection.Owner {
  private static final UpstreamConnection.Owner NOBODY =
      new UpstreamConnection.Owner() {
        @Override
        public void released(UpstreamConnection connection) {
          connection.abort();
        }

        @Override
        public void closed(UpstreamConnection connection) {}
      };

  private static final long KEEP_ALIVE_NANOS = TimeUnit.SECONDS.toNanos(30);

  private final Loop loop;
  private final ProxyConfig.Pool bounds;
  private final Supplier<Future<NetSocket>> connector;
  private final RequestHead head;
  private final ArrayDeque<UpstreamConnection> idle = new ArrayDeque<>();
  private final ArrayDeque<Waiter> waiting = new ArrayDeque<>();
  private int open;
  private int connecting;
  private boolean busyConnecting;
  private boolean retired;
  private Set<InetAddress> addresses = Set.of();

  /** How often the name has come to stand for other addresses. */
  private int moves;

  /**
   * @param connector makes one connection more
   * @param head takes the heads of all requests of this event loop
   */
  UpstreamPool(
      Loop loop, ProxyConfig.Pool bounds, Supplier<Future<NetSocket>> connector, RequestHead head) {
    this.loop = loop;
    this.bounds = bounds;
    this.connector = connector;
    this.head = head;
    loop.deadlines().add(this);
  }

  @Override
  public void acquire(Waiter waiter) {
    UpstreamConnection ready = takeIdle();
    if (ready != null) {
      waiter.connected(ready);
    } else if (open >= bounds.maxConnections() && waitingForOthers() >= bounds.maxWaiting()) {
      waiter.notConnected(new PoolBusyException(open, waiting.size()));
    } else {
      waiting.add(waiter);
      connectForWaiting();
    }
  }

  /** Returns how many wait for whom no connection is being made. */
  private int waitingForOthers() {
    return waiting.size() - connecting;
  }

  @Override
  public void withdraw(Waiter waiter) {
    waiting.remove(waiter);
  }

  @Override
  public void connectAlone(Waiter waiter) {
    connector.get().onComplete((socket, failure) -> joined(socket, failure, waiter));
  }

  private void joined(@Nullable NetSocket socket, @Nullable Throwable failure, Waiter waiter) {
    UpstreamConnection alone = socket == null ? null : takeOver(socket, NOBODY);
    if (alone != null) {
      waiter.connected(alone);
    } else {
      waiter.notConnected(reason(failure));
    }
  }

  @Override
  public void released(UpstreamConnection connection) {
    if (connection.moves() != moves && !isStillThere(connection)) {
      connection.abort(); // who waits gets another one when this is closed
      return;
    }
    Waiter next = waiting.poll();
    if (next != null) {
      next.connected(connection);
    } else if (retired) {
      connection.abort();
    } else {
      connection.idleSince(loop.nanoTime());
      idle.addLast(connection);
    }
  }

  @Override
  public void closed(UpstreamConnection connection) {
    open--;
    idle.remove(connection);
    connectForWaiting();
  }

  private boolean isStillThere(UpstreamConnection connection) {
    connection.moves(moves);
    return addresses.contains(connection.address());
  }

  @Override
  public void resolved(Set<InetAddress> now) {
    if (now.equals(addresses)) {
      return;
    }
    addresses = now;
    moves++;
    for (UpstreamConnection unused : List.copyOf(idle)) {
      if (!isStillThere(unused)) {
        idle.remove(unused);
        unused.abort();
      }
    }
  }

  /** Closes what nobody has used for long: the upstream will do so soon, perhaps too late. */
  @Override
  void check(long nowNanos) {
    UpstreamConnection oldest = idle.peekFirst();
    while (oldest != null && nowNanos - oldest.idleSinceNanos() > KEEP_ALIVE_NANOS) {
      idle.removeFirst();
      oldest.abort();
      oldest = idle.peekFirst();
    }
  }

  private @Nullable UpstreamConnection takeIdle() {
    UpstreamConnection latest = idle.pollLast();
    while (latest != null && !latest.usable()) {
      latest = idle.pollLast(); // its end is reported soon
    }
    return latest;
  }

  @Override
  public void retire() {
    retired = true;
    loop.deadlines().remove(this);
    for (UpstreamConnection unused = idle.poll(); unused != null; unused = idle.poll()) {
      unused.abort();
    }
  }

  /** Returns a connection over {@code socket}; null if that is closed already. */
  private @Nullable UpstreamConnection takeOver(NetSocket socket, UpstreamConnection.Owner owner) {
    try {
      return new UpstreamConnection(socket, owner, head);
    } catch (NoSuchElementException closed) {
      socket.close();
      return null;
    }
  }

  /**
   * Makes as many connections as are missing for those who wait. An attempt may fail at once, and
   * its waiter come here again: the first call goes on for all.
   */
  private void connectForWaiting() {
    if (busyConnecting) {
      return;
    }
    busyConnecting = true;
    try {
      while (connecting < waiting.size() && open < bounds.maxConnections()) {
        open++;
        connecting++;
        int asked = moves;
        connector.get().onComplete((socket, failure) -> connected(asked, socket, failure));
      }
    } finally {
      busyConnecting = false;
    }
  }

  /**
   * @param asked how often the name had moved when it was looked up for this connection
   */
  private void connected(int asked, @Nullable NetSocket socket, @Nullable Throwable failure) {
    connecting--;
    UpstreamConnection made = socket == null ? null : takeOver(socket, this);
    if (made != null) {
      made.moves(asked);
      released(made);
      return;
    }
    open--;
    Waiter first = waiting.poll();
    if (first != null) {
      first.notConnected(reason(failure));
    }
    connectForWaiting();
  }

  static Throwable reason(@Nullable Throwable failure) {
    return failure == null ? new IOException("closed as soon as connected") : failure;
  }
}
