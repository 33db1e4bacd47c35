// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.manage;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** The last accepted use of a key; all null before the first. */
public record KeyUse(@Nullable Instant at, @Nullable String ip, @Nullable String userAgent) {}
