// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.usage;

import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * What one key was used for in one hour: how often, and the key's latest use. Times are wall-clock
 * milliseconds since 1970.
 *
 * @param usedAt the latest use; in another hour if that one is written apart
 * @param address the client's address at that use; null if unknown
 * @param userAgent that use's agent, at most 512 characters, none of them a control; null if none
 *     was sent
 * @param hour the hour's first millisecond, in UTC
 * @param requests to be added to that hour's count; positive
 */
public record KeyUsage(
    UUID keyId,
    long usedAt,
    @Nullable String address,
    @Nullable String userAgent,
    long hour,
    long requests) {}
