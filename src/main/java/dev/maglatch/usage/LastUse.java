// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.usage;

import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The latest use of one key.
 *
 * @param usedAt to the millisecond
 * @param address the client's address at that use; null if unknown
 * @param userAgent that use's agent, at most 512 characters, none of them a control; null if none
 *     was sent
 */
public record LastUse(
    UUID keyId, Instant usedAt, @Nullable String address, @Nullable String userAgent) {}
