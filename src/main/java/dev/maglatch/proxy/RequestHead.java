// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.util.AsciiString;
import java.util.Arrays;
import java.util.UUID;

/**
 * Writes the heads of HTTP/1.1 requests: each field once, without a map in between.
 *
 * <p>One for each event loop; its array is used again. Nothing is escaped here. {@link #end}
 * finishes a head.
 */
final class RequestHead extends RequestFields {
  private static final int INITIAL_BYTES = 2_048;
  private static final byte[] HTTP_1_1 = ascii(" HTTP/1.1\r\n");
  private static final byte[] DIGITS = ascii("0123456789abcdef");
  private static final int UUID_LENGTH = 36;

  private byte[] bytes = new byte[INITIAL_BYTES];
  private int length;

  @Override
  void begin(String method, Upstream upstream, String target) {
    length = 0;
    put(method);
    put(' ');
    put(upstream.basePath());
    put(target);
    put(HTTP_1_1);
  }

  @Override
  void add(CharSequence name, CharSequence value) {
    name(name);
    put(value);
    endLine();
  }

  @Override
  void add(CharSequence name, UUID id) {
    name(name);
    put(id);
    endLine();
  }

  @Override
  void addTexts(CharSequence name, Iterable<String> texts, char separator) {
    name(name);
    int start = length;
    for (String text : texts) {
      if (length > start) {
        put(separator);
      }
      refuseUnwritable(text);
      put(text);
    }
    endLine();
  }

  /** Finishes the head, in a buffer that is the caller's to release or to write. */
  ByteBuf end(ByteBufAllocator allocator) {
    endLine();
    return allocator.directBuffer(length).writeBytes(bytes, 0, length);
  }

  private void name(CharSequence name) {
    put(name);
    put(':');
    put(' ');
  }

  private void endLine() {
    put('\r');
    put('\n');
  }

  private void put(char character) {
    reserve(1);
    bytes[length++] = (byte) character;
  }

  private void put(byte[] text) {
    reserve(text.length);
    System.arraycopy(text, 0, bytes, length, text.length);
    length += text.length;
  }

  private void put(CharSequence text) {
    int added = text.length();
    reserve(added);
    if (text instanceof AsciiString ascii) {
      System.arraycopy(ascii.array(), ascii.arrayOffset(), bytes, length, added);
    } else {
      copy(text.toString(), added);
    }
    length += added;
  }

  /** Takes the low byte of each character, which for what is writable is all of it. */
  @SuppressWarnings("deprecation")
  private void copy(String text, int count) {
    text.getBytes(0, count, bytes, length);
  }

  private void put(UUID id) {
    reserve(UUID_LENGTH);
    long high = id.getMostSignificantBits();
    long low = id.getLeastSignificantBits();
    hex(high >>> 32, 8);
    bytes[length++] = '-';
    hex(high >>> 16, 4);
    bytes[length++] = '-';
    hex(high, 4);
    bytes[length++] = '-';
    hex(low >>> 48, 4);
    bytes[length++] = '-';
    hex(low, 12);
  }

  private void hex(long value, int digits) {
    for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) {
      bytes[length++] = DIGITS[(int) (value >>> shift) & 0xF];
    }
  }

  private void reserve(int more) {
    if (bytes.length - length < more) {
      bytes = Arrays.copyOf(bytes, Math.max(2 * bytes.length, length + more));
    }
  }

  @SuppressWarnings("deprecation")
  private static byte[] ascii(String text) {
    byte[] bytes = new byte[text.length()];
    text.getBytes(0, bytes.length, bytes, 0);
    return bytes;
  }
}
