// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.api.organization;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** Writes times as RFC 3339 does, in UTC with {@code Z}. */
final class Times {
  private Times() {}

  static @Nullable String text(@Nullable Instant instant) {
    return instant == null ? null : instant.toString();
  }
}
