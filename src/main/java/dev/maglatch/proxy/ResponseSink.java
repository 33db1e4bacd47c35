// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpResponse;

/** Who takes the response to one request that was sent upstream. Called on its event loop. */
interface ResponseSink {
  /** The upstream sent 103 before its response. */
  void hints(HttpHeaders hints);

  /** The response begins; a status of 101 only if an upgrade was asked for. */
  void head(HttpResponse head);

  /** Takes a part of the body, which is the caller's to release. */
  void chunk(ByteBuf content);

  /**
   * The response is complete. If the request had been sent whole, its connection is somebody else's
   * from now on; else it must be aborted.
   *
   * @param content the last part of the body, perhaps empty; the caller's to release
   */
  void end(ByteBuf content, HttpHeaders trailers);

  /** All that was read at one time has been handed over. */
  void readComplete();

  /** More of the request can be written. */
  void drained();

  /** The connection broke, or what came on it is no HTTP; there will be no other call. */
  void broke(Throwable cause);
}
