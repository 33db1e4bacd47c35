// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.webhook;

import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Takes events in. An event goes to every active key of its account that has a URL.
 *
 * <p>Every future completes once the event and its deliveries are committed, and fails with {@code
 * STORE_UNAVAILABLE} when that is not known.
 */
public interface EventStore {
  /**
   * Publishes an event.
   *
   * @param data anything; sent as it is
   * @param once the publisher's name for this event: nothing is published under a name that the
   *     account has seen within 24 hours; null if every call publishes
   * @return null if there is no such account, or it is disabled
   */
  Future<@Nullable Published> publish(
      UUID accountId, String event, JsonObject data, @Nullable String once);

  /** Publishes {@code api_key.limit_reached}, once for each window of a key. */
  Future<Void> limitReached(UUID keyId, Instant windowEnd);

  /**
   * Publishes {@code api_key.expiring} for keys that expire within {@code ahead}, once for each
   * expiry of a key, whoever calls this how often.
   *
   * @param max most keys of one call
   * @return how many there were
   */
  Future<Integer> noticeExpiring(Duration ahead, int max);

  /**
   * An event that is durable.
   *
   * @param id what receivers see as {@code webhook-id}
   * @param deliveries keys that it goes to
   */
  record Published(UUID id, int deliveries, Repetition repetition) {}

  /** What a publisher's name for an event was seen with before. */
  enum Repetition {
    /** With nothing: the event was published now. */
    FIRST,
    /** With the same event, whose id and deliveries these are. */
    REPLAYED,
    /** With another event: nothing was published. */
    OTHER_EVENT
  }
}
