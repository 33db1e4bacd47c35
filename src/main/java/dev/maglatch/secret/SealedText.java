// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.secret;

import java.util.Arrays;

/** A text that only a {@link Sealer} can read: what stands in the database. */
public final class SealedText {
  private final byte[] bytes;

  public SealedText(byte[] bytes) {
    this.bytes = bytes.clone();
  }

  /** Returns a copy of the bytes. */
  public byte[] bytes() {
    return bytes.clone();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof SealedText that && Arrays.equals(bytes, that.bytes);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(bytes);
  }

  @Override
  public String toString() {
    return "SealedText(" + bytes.length + " bytes)";
  }
}
