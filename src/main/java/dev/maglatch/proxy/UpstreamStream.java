// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.HttpHeaders;
import io.vertx.core.net.NetSocket;
import org.jspecify.annotations.Nullable;

/**
 * One exchange with an upstream, whatever protocol it speaks. Belongs to one event loop.
 *
 * <p>In order: {@link #begin}, the fields into {@link #head}, {@link #send}, then the body if there
 * is one. It goes back to where it came from by itself, once both directions have ended.
 */
interface UpstreamStream {
  /** Whether this is the first request on its connection. */
  boolean fresh();

  /** Whether the upstream has sent anything at all since the request began. */
  boolean heard();

  /**
   * Whether the upstream has said that it did nothing with the request (RFC 9113, 8.7), so that it
   * may be sent again whatever its method.
   */
  boolean unprocessed();

  /** Begins the exchange: what comes back goes to {@code taker}. */
  void begin(ResponseSink taker);

  /** Returns it unused. */
  void giveBack();

  /** Returns what takes the fields of the head that {@link #send} sends. */
  RequestFields head();

  /**
   * Sends the head of the request.
   *
   * @param toHead whether the method is HEAD, so that the response has no body
   * @param withBody whether more follows, chunked if {@code inChunks}
   */
  void send(boolean toHead, boolean withBody, boolean inChunks);

  /** Sends the head of a request to change the protocol. */
  void sendUpgrade();

  /** Sends what was written so far. */
  void flush();

  /** Sends a part of the body; the buffer is written and released. */
  void write(ByteBuf chunk);

  /**
   * Ends the request. Trailers are left out where the framing of the body has no place for them.
   */
  void end(@Nullable HttpHeaders trailers);

  /** Whether the upstream is slower than who writes to it; {@link ResponseSink#drained} follows. */
  boolean full();

  /** Returns how many bytes the upstream must take before more is written; 0 if it need not. */
  long unsent();

  /** Reads no more for now. What was read already still comes. */
  void pause();

  /** Reads again. */
  void resume();

  /** Leaves the bytes that follow, and those that were sent after the head, to Vert.x's socket. */
  NetSocket upgraded();

  /** Ends at once and forgets what was not written yet. The taker hears nothing more. */
  void abort();
}
