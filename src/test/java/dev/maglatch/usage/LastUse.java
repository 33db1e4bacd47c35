// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.usage;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** The latest use of a key, as tests look at it. */
public record LastUse(Instant usedAt, @Nullable String address, @Nullable String userAgent) {
  static LastUse of(KeyUsage usage) {
    return new LastUse(Instant.ofEpochMilli(usage.usedAt()), usage.address(), usage.userAgent());
  }
}
