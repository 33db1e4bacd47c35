// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.net.NetSocket;
import org.jspecify.annotations.Nullable;

/**
 * Passes bytes both ways between a client and an upstream that have agreed on another protocol.
 *
 * <p>Each direction is paused while its sink is full. When one side closes, what it had sent still
 * goes to the other, which is closed then.
 */
final class Tunnel extends Deadlines.Entry {
  private final Loop loop;
  private final Exchange exchange;
  private final NetSocket upstream;

  private @Nullable NetSocket client;
  private long fromClient;
  private long fromUpstream;
  private long progressNanos;
  private boolean closed;

  Tunnel(Loop loop, Exchange exchange, NetSocket upstream) {
    this.loop = loop;
    this.exchange = exchange;
    this.upstream = upstream;
    this.progressNanos = loop.nanoTime();
  }

  /** Answers the client with the 101 that stands ready, then passes bytes. */
  void open() {
    loop.deadlines().add(this);
    upstream.pause();
    upstream.exceptionHandler(broken -> {}); // the close that follows says enough
    upstream.closeHandler(end -> closeAfter(upstream));
    exchange.request().toNetSocket().onSuccess(this::join).onFailure(gone -> close());
  }

  private void join(NetSocket socket) {
    client = socket;
    socket.exceptionHandler(broken -> {});
    socket.closeHandler(end -> closeAfter(socket));
    if (closed) {
      socket.close();
      return;
    }
    socket.handler(chunk -> pass(chunk, socket, upstream));
    upstream.handler(chunk -> pass(chunk, upstream, socket));
    upstream.drainHandler(drained -> resume(socket));
    socket.drainHandler(drained -> resume(upstream));
    upstream.resume();
    socket.resume();
  }

  private void pass(Buffer chunk, NetSocket from, NetSocket to) {
    progressNanos = loop.nanoTime();
    if (from == upstream) {
      fromUpstream += chunk.length();
    } else {
      fromClient += chunk.length();
    }
    to.write(chunk);
    if (to.writeQueueFull()) {
      from.pause();
    }
  }

  private void resume(NetSocket from) {
    progressNanos = loop.nanoTime();
    if (!closed) {
      from.resume();
    }
  }

  /** Closes the other side once it has what {@code ended} had sent. */
  private void closeAfter(NetSocket ended) {
    if (!closed) {
      ended.resume();
      loop.later(this::close);
    }
  }

  private void close() {
    if (closed) {
      return;
    }
    closed = true;
    loop.deadlines().remove(this);
    upstream.close();
    NetSocket socket = client;
    if (socket != null) {
      socket.close();
    }
    exchange.tunneled(fromClient, fromUpstream);
    exchange.end(Ending.TUNNEL_CLOSED);
  }

  /** A tunnel does not end by itself, so it is cut when the gateway stops. */
  @Override
  void check(long nowNanos) {
    long idle = exchange.route().timeouts().idle().toNanos();
    if (loop.draining() || nowNanos - progressNanos >= idle) {
      close();
    }
  }
}
