// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.TimeUnit.MILLISECONDS;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.net.NetSocket;
import org.jspecify.annotations.Nullable;

/**
 * Passes bytes both ways between a client and an upstream that have agreed on WebSocket.
 *
 * <p>Each direction is paused while its sink is full. When one side closes, what it had sent still
 * goes to the other, which is closed then.
 */
final class Tunnel extends Deadlines.Entry {
  /*
   * When the credential is good no longer (rule 8), nothing goes up any more, and down goes only the
   * rest of the frame that is on its way. Then the client gets a close frame of ours, and a moment
   * to read it: closing a socket with unread bytes resets it, and what was sent last may be lost.
   * If no frame ends soon, the client's connection is reset instead.
   */
  private static final long WAIT_FOR_BOUNDARY_NANOS = MILLISECONDS.toNanos(250);
  private static final long LINGER_NANOS = MILLISECONDS.toNanos(150);
  private static final int CLOSE_FRAME = 0x88;

  private final Loop loop;
  private final Exchange exchange;
  private final NetSocket upstream;
  private final UpstreamStream upstreamConnection;
  private final FrameTracker frames = new FrameTracker();
  private final Vigil vigil;

  private @Nullable NetSocket client;
  private long fromClient;
  private long fromUpstream;
  private long progressNanos;
  private boolean closed;
  private @Nullable Lapse lapse;
  private boolean saidGoodbye;
  private long endNanos;

  /**
   * @param switching has just answered 101
   */
  Tunnel(Loop loop, Exchange exchange, UpstreamStream switching) {
    this.loop = loop;
    this.exchange = exchange;
    this.upstream = switching.upgraded();
    this.upstreamConnection = switching;
    this.progressNanos = loop.nanoTime();
    this.vigil = new Vigil(loop, exchange, progressNanos);
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
    socket.handler(chunk -> passUp(chunk, socket));
    upstream.handler(chunk -> passDown(chunk, socket));
    upstream.drainHandler(drained -> resume(socket));
    socket.drainHandler(drained -> resume(upstream));
    upstream.resume();
    socket.resume();
  }

  private void passUp(Buffer chunk, NetSocket from) {
    if (lapse != null) {
      return; // nobody may hear it any more
    }
    fromClient += chunk.length();
    pass(chunk, from, upstream);
  }

  private void passDown(Buffer chunk, NetSocket to) {
    if (lapse == null) {
      frames.pass(chunk);
      fromUpstream += chunk.length();
      pass(chunk, upstream, to);
    } else if (!saidGoodbye) {
      passRestOfFrame(chunk, to);
    }
  }

  private void pass(Buffer chunk, NetSocket from, NetSocket to) {
    progressNanos = loop.nanoTime();
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
    if (!closed && !(saidGoodbye && ended == upstream)) {
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
    exchange.end(lapse == null ? Ending.TUNNEL_CLOSED : Ending.CREDENTIAL_LAPSED);
  }

  @Override
  void check(long nowNanos) {
    if (lapse != null) {
      endOverdue(nowNanos);
      return;
    }
    long idle = exchange.route().timeouts().idle().toNanos();
    if (loop.draining() || nowNanos - progressNanos >= idle) {
      close(); // a tunnel does not end by itself, so it is cut when the gateway stops
      return;
    }
    NetSocket socket = client;
    if (socket != null) {
      lookAtCredential(nowNanos, socket);
    }
  }

  // Rule 8.

  private void lookAtCredential(long nowNanos, NetSocket socket) {
    Lapse why = vigil.look(nowNanos);
    if (why == null) {
      return;
    }
    lapse = why;
    endNanos = nowNanos + WAIT_FOR_BOUNDARY_NANOS;
    loop.lapsed(exchange, why);
    socket.resume(); // what it still sends is dropped
    if (frames.atBoundary()) {
      sayGoodbye(why, nowNanos, socket);
    }
  }

  private void passRestOfFrame(Buffer chunk, NetSocket to) {
    int end = frames.advance(chunk, 0);
    fromUpstream += end;
    to.write(end == chunk.length() ? chunk : chunk.slice(0, end));
    Lapse why = lapse;
    if (why != null && frames.atBoundary()) {
      sayGoodbye(why, loop.nanoTime(), to);
    }
  }

  private void sayGoodbye(Lapse why, long nowNanos, NetSocket to) {
    saidGoodbye = true;
    endNanos = nowNanos + LINGER_NANOS;
    if (!frames.closing()) { // else the upstream has said it already
      Buffer frame = closeFrame(why);
      fromUpstream += frame.length();
      to.write(frame);
    }
    upstreamConnection.abort();
  }

  /** The text is one for all reasons that a stranger could learn from. */
  private static Buffer closeFrame(Lapse why) {
    byte[] text = why.refusal().text().getBytes(UTF_8);
    return Buffer.buffer()
        .appendByte((byte) CLOSE_FRAME)
        .appendByte((byte) (Short.BYTES + text.length))
        .appendShort((short) why.closeCode())
        .appendBytes(text);
  }

  private void endOverdue(long nowNanos) {
    if (nowNanos - endNanos < 0) {
      return;
    }
    HttpConnection clients = exchange.request().connection();
    if (saidGoodbye) {
      Connections.abort(clients);
    } else {
      upstreamConnection.abort();
      Connections.reset(clients);
    }
    close();
  }
}
