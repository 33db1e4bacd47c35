// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.api;

import io.vertx.core.MultiMap;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads the header {@code Idempotency-Key}. */
public final class IdempotencyHeader {
  public static final String COMPLAINT =
      "Idempotency-Key must be 1 to 255 visible ASCII characters";

  /** Says in an answer that it was given before. */
  public static final String REPLAYED = "Idempotency-Replayed";

  private static final String NAME = "Idempotency-Key";
  private static final int MAX_LENGTH = 255;

  private IdempotencyHeader() {}

  public static boolean isIn(MultiMap headers) {
    return headers.contains(NAME);
  }

  /** Returns the key that was sent; null if it is no good, or there are two. */
  public static @Nullable String key(MultiMap headers) {
    List<String> sent = headers.getAll(NAME);
    return sent.size() == 1 && isKey(sent.get(0)) ? sent.get(0) : null;
  }

  private static boolean isKey(String text) {
    return !text.isEmpty()
        && text.length() <= MAX_LENGTH
        && text.chars().allMatch(c -> c > ' ' && c < 0x7f);
  }
}
