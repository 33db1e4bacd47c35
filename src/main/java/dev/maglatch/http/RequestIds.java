// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.http;

import io.vertx.core.MultiMap;
import io.vertx.core.http.HttpHeaders;
import java.util.concurrent.atomic.AtomicLong;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Gives every request an id: the client's own if it is sane, else a new one.
 *
 * <p>A made id is unique and not secret: 64 random bits that stay for the life of this object, and
 * a scrambled count. Safe on any thread.
 */
public final class RequestIds {
  /** The header that carries the id, both ways. */
  public static final CharSequence HEADER = HttpHeaders.createOptimized("X-Request-Id");

  private static final int MAX_LENGTH = 128;
  private static final long GOLDEN_RATIO = 0x9E3779B97F4A7C15L; // odd, so that no count repeats

  private final long series;
  private final AtomicLong count;

  public RequestIds(RandomGenerator random) {
    this.series = random.nextLong();
    this.count = new AtomicLong(random.nextLong());
  }

  /** Returns the id of the request that came with {@code headers}. */
  public String of(MultiMap headers) {
    String sent = headers.get(HEADER);
    return sent != null && sane(sent) ? sent : next();
  }

  /** Makes an id: 32 lower-case hex digits. */
  public String next() {
    char[] digits = new char[32];
    writeHex(series, digits, 0);
    writeHex(count.getAndAdd(GOLDEN_RATIO), digits, 16);
    return new String(digits);
  }

  /** Whether {@code id} is 1 to 128 characters of {@code A-Z a-z 0-9 . _ -}. */
  public static boolean sane(@Nullable String id) {
    if (id == null || id.isEmpty() || id.length() > MAX_LENGTH) {
      return false;
    }
    for (int i = 0; i < id.length(); i++) {
      if (!mayStandInId(id.charAt(i))) {
        return false;
      }
    }
    return true;
  }

  private static boolean mayStandInId(char c) {
    return (c >= 'a' && c <= 'z')
        || (c >= '0' && c <= '9')
        || (c >= 'A' && c <= 'Z')
        || c == '-'
        || c == '_'
        || c == '.';
  }

  private static void writeHex(long bits, char[] digits, int start) {
    for (int i = 0; i < 16; i++) {
      digits[start + i] = Character.forDigit((int) (bits >>> (60 - 4 * i)) & 0xF, 16);
    }
  }
}
