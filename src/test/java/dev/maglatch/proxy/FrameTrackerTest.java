// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.buffer.Buffer;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FrameTrackerTest {
  private static final int TEXT = 0x1;
  private static final int CONTINUATION = 0x0;
  private static final int PING = 0x9;
  private static final int CLOSE = 0x8;

  /** Frames of every kind of length, cut into pieces of every size. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 7, 13, 127, 1_000, 65_536, 300_000})
  void boundariesAreFoundHoweverTheBytesAreCut(int piece) {
    Buffer all = Buffer.buffer();
    List<Integer> boundaries = new ArrayList<>();
    for (int length : new int[] {0, 1, 125, 126, 127, 65_535, 65_536, 70_000}) {
      for (boolean masked : new boolean[] {false, true}) {
        all.appendBuffer(frame(0x80 | TEXT, length, masked));
        boundaries.add(all.length());
      }
    }

    assertThat(boundariesSeen(all, piece)).isEqualTo(boundaries);
    assertThat(passed(all, piece).atBoundary()).isTrue();
  }

  @Test
  void controlFramesStandBetweenFragments() {
    Buffer first = frame(TEXT, 10, false);
    Buffer ping = frame(0x80 | PING, 4, false);
    Buffer last = frame(0x80 | CONTINUATION, 3, false);
    Buffer all = Buffer.buffer().appendBuffer(first).appendBuffer(ping).appendBuffer(last);

    assertThat(boundariesSeen(all, all.length())).containsExactly(12, 18, 23);
  }

  @Test
  void closeFrameIsNoticedFromItsFirstByte() {
    FrameTracker tracker = new FrameTracker();
    tracker.pass(frame(0x80 | PING, 0, false));
    assertThat(tracker.closing()).isFalse();

    tracker.pass(frame(0x80 | CLOSE, 2, false).slice(0, 1));

    assertThat(tracker.closing()).isTrue();
    assertThat(tracker.atBoundary()).isFalse();
  }

  /** The highest bit of a length must be 0: such a frame has no end that could be waited for. */
  @Test
  void frameOfAnIllegalLengthNeverEnds() {
    FrameTracker tracker = new FrameTracker();
    tracker.pass(Buffer.buffer(new byte[] {(byte) 0x82, 127, -1, -1, -1, -1, -1, -1, -1, -1}));
    tracker.pass(Buffer.buffer(new byte[100]));

    assertThat(tracker.atBoundary()).isFalse();
  }

  private static FrameTracker passed(Buffer all, int piece) {
    FrameTracker tracker = new FrameTracker();
    for (int at = 0; at < all.length(); at += piece) {
      tracker.pass(all.slice(at, Math.min(all.length(), at + piece)));
    }
    return tracker;
  }

  private static List<Integer> boundariesSeen(Buffer all, int piece) {
    FrameTracker tracker = new FrameTracker();
    List<Integer> seen = new ArrayList<>();
    for (int from = 0; from < all.length(); from += piece) {
      Buffer chunk = all.slice(from, Math.min(all.length(), from + piece));
      for (int at = 0; at < chunk.length(); ) {
        at = tracker.advance(chunk, at);
        if (tracker.atBoundary()) {
          seen.add(from + at);
        }
      }
    }
    return seen;
  }

  static Buffer frame(int first, int length, boolean masked) {
    int mask = masked ? 0x80 : 0;
    Buffer frame = Buffer.buffer().appendByte((byte) first);
    if (length < 126) {
      frame.appendByte((byte) (mask | length));
    } else if (length < 65_536) {
      frame.appendByte((byte) (mask | 126)).appendShort((short) length);
    } else {
      frame.appendByte((byte) (mask | 127)).appendLong(length);
    }
    return frame.appendBytes(new byte[masked ? 4 : 0]).appendBytes(new byte[length]);
  }
}
