// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.usage;

import java.time.Instant;
import java.util.UUID;

/**
 * How many requests one key made in one hour.
 *
 * @param hour the hour's first instant, in UTC
 * @param requests positive
 */
public record HourlyRequests(UUID keyId, Instant hour, long requests) {}
