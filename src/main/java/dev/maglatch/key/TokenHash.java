// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.key;

import java.nio.ByteBuffer;
import java.util.HexFormat;

/**
 * A 32-byte hash as four longs: small, comparable in place, and without the text it was made from.
 *
 * <p>Used both for {@code SHA-256(token)}, the key of the cache, and for the peppered hash at rest.
 */
public record TokenHash(long a, long b, long c, long d) {
  public static final int BYTES = 32;

  /** Reads 32 bytes. Throws {@link IllegalArgumentException} for any other length. */
  public static TokenHash of(byte[] bytes) {
    if (bytes.length != BYTES) {
      throw new IllegalArgumentException("hash of " + bytes.length + " bytes (expected: 32)");
    }
    ByteBuffer buffer = ByteBuffer.wrap(bytes);
    return new TokenHash(buffer.getLong(), buffer.getLong(), buffer.getLong(), buffer.getLong());
  }

  /** Returns the 32 bytes, big-endian. */
  public byte[] bytes() {
    return ByteBuffer.allocate(BYTES).putLong(a).putLong(b).putLong(c).putLong(d).array();
  }

  /** Returns a number from 0 to below 1, the same for the same hash, evenly spread over hashes. */
  public double fraction() {
    return (c >>> 11) * 0x1p-53;
  }

  /** The bits are uniform already, so one word is hash enough. */
  @Override
  public int hashCode() {
    return Long.hashCode(a);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof TokenHash that
        && a == that.a
        && b == that.b
        && c == that.c
        && d == that.d;
  }

  /** Shows the first four bytes only: enough to follow one hash through a log. */
  @Override
  public String toString() {
    return "TokenHash(" + HexFormat.of().toHexDigits((int) (a >>> 32)) + "...)";
  }
}
