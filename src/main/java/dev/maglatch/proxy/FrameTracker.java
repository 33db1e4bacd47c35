// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import io.vertx.core.buffer.Buffer;

/**
 * Knows where in a stream of WebSocket frames the passing bytes are (RFC 6455, section 5.2).
 *
 * <p>Looks at the two to fourteen bytes of each frame's head and keeps none. A control frame may
 * stand at every boundary, also between the fragments of a message.
 */
final class FrameTracker {
  private static final int CLOSE = 0x8;
  private static final int OPCODE = 0x0F;
  private static final int MASKED = 0x80;
  private static final int LENGTH = 0x7F;
  private static final int TWO_BYTES = 126;
  private static final int EIGHT_BYTES = 127;
  private static final int MASK_BYTES = 4;

  private int headRead;
  private int lengthLeft;
  private int maskLeft;
  private boolean headComplete;
  private boolean closing;
  private long payloadLeft;

  /** Whether the last byte was the last of a frame, or there was none yet. */
  boolean atBoundary() {
    return headRead == 0;
  }

  /** Whether a close frame has begun: nothing may follow it. */
  boolean closing() {
    return closing;
  }

  /** Takes note of a chunk that passes whole. */
  void pass(Buffer chunk) {
    int length = chunk.length();
    if (headComplete && payloadLeft > length) {
      payloadLeft -= length; // in the middle of a big frame
      return;
    }
    for (int at = 0; at < length; ) {
      at = advance(chunk, at);
    }
  }

  /**
   * Takes note of the bytes from {@code from} to the next boundary, or to the end of the chunk.
   *
   * @return the index after the last of them
   */
  int advance(Buffer chunk, int from) {
    int end = chunk.length();
    int at = from;
    while (at < end && !headComplete) {
      readHead(chunk.getByte(at++) & 0xFF);
    }
    if (headComplete) {
      long taken = Math.min(payloadLeft, end - at);
      payloadLeft -= taken;
      at += (int) taken;
      if (payloadLeft == 0) {
        headRead = 0;
        headComplete = false;
      }
    }
    return at;
  }

  private void readHead(int next) {
    switch (headRead++) {
      case 0 -> closing |= (next & OPCODE) == CLOSE;
      case 1 -> readShortLength(next);
      default -> {
        if (lengthLeft > 0) {
          lengthLeft--;
          payloadLeft = payloadLeft << 8 | next;
        } else {
          maskLeft--;
        }
      }
    }
    headComplete = headRead > 1 && lengthLeft == 0 && maskLeft == 0;
    if (headComplete && payloadLeft < 0) {
      payloadLeft = Long.MAX_VALUE; // no legal length; such a frame never ends
    }
  }

  private void readShortLength(int next) {
    int length = next & LENGTH;
    lengthLeft = length == EIGHT_BYTES ? 8 : length == TWO_BYTES ? 2 : 0;
    payloadLeft = lengthLeft == 0 ? length : 0;
    maskLeft = (next & MASKED) == 0 ? 0 : MASK_BYTES;
  }
}
