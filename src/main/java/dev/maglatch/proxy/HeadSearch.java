// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import static io.netty.handler.codec.http.HttpConstants.CR;
import static io.netty.handler.codec.http.HttpConstants.HT;
import static io.netty.handler.codec.http.HttpConstants.LF;
import static io.netty.handler.codec.http.HttpConstants.SP;

import io.netty.buffer.ByteBuf;

/**
 * Looks at the bytes of an HTTP/1 request head for what cannot be seen any more once it is decoded:
 * blanks other than one space between the parts of the request line, and folded header lines.
 *
 * <p>The bytes may come in any pieces. Belongs to one connection.
 */
final class HeadSearch {
  private static final int SPACES = 2; // method SP target SP version

  private enum Part {
    BLANK_LINES,
    REQUEST_LINE,
    HEADERS,
    OVER
  }

  private Part part = Part.BLANK_LINES;
  private boolean found;
  private boolean afterLineFeed;
  private int spaces;
  private byte previous = SP; // so that none may come first
  private int seen; // bytes that were looked at and not decoded yet

  /** Begins with the next request. */
  void begin() {
    part = Part.BLANK_LINES;
    found = false;
    afterLineFeed = false;
    spaces = 0;
    previous = SP;
    seen = 0;
  }

  /** Whether the head so far has something that two readers could take differently. */
  boolean found() {
    return found;
  }

  /** Looks at what is new in {@code in} and belongs to the head. */
  void look(ByteBuf in) {
    int next = in.readerIndex() + seen;
    int end = in.writerIndex();
    if (part == Part.BLANK_LINES) {
      next = skipBlankLines(in, next, end);
    }
    if (part == Part.REQUEST_LINE) {
      next = lookAtRequestLine(in, next, end);
    }
    if (part == Part.HEADERS) {
      lookForFolds(in, next, end);
    }
  }

  /** Notes how much of what was looked at is still there. */
  void leave(ByteBuf in) {
    seen = in.readableBytes();
  }

  private int skipBlankLines(ByteBuf in, int start, int end) {
    int next = start;
    while (next < end && isLineEnd(in.getByte(next))) {
      next++;
    }
    if (next < end) {
      part = Part.REQUEST_LINE;
    }
    return next;
  }

  private int lookAtRequestLine(ByteBuf in, int start, int end) {
    for (int i = start; i < end; i++) {
      byte c = in.getByte(i);
      if (c == LF) {
        found |= spaces != SPACES;
        afterLineFeed = true;
        part = Part.HEADERS;
        return i + 1;
      }
      boolean control = c >= 0 && c < SP && c != CR;
      found |= control || previous == CR || (c == SP && previous == SP);
      spaces += c == SP ? 1 : 0;
      previous = c;
    }
    return end;
  }

  private void lookForFolds(ByteBuf in, int start, int end) {
    int next = start;
    while (next < end) {
      if (afterLineFeed) {
        byte first = in.getByte(next);
        if (isLineEnd(first)) {
          part = Part.OVER;
          return;
        }
        found |= first == SP || first == HT;
      }
      int lineFeed = in.indexOf(next, end, LF);
      afterLineFeed = lineFeed >= 0;
      next = afterLineFeed ? lineFeed + 1 : end;
    }
  }

  private static boolean isLineEnd(byte c) {
    return c == CR || c == LF;
  }
}
