// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.manage;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * One event on its way to one key's URL, as the key's owner sees it.
 *
 * @param webhookId what the receiver sees, the same on every attempt
 * @param status {@code pending}, {@code delivered}, {@code dead} or {@code gone}
 * @param attempts how many were made, since the last replay
 * @param nextAttemptAt null if there is none to come, or it is being made
 * @param history what was attempted, newest first; in a list the last one alone
 * @param body what is sent; null in a list
 */
public record DeliveryRecord(
    UUID id,
    UUID webhookId,
    String event,
    String status,
    int attempts,
    Instant createdAt,
    @Nullable Instant nextAttemptAt,
    List<Attempt> history,
    @Nullable String body) {

  public DeliveryRecord {
    history = List.copyOf(history);
  }

  /**
   * One attempt at a delivery.
   *
   * @param at when it began
   * @param url null if nothing may be sent any more: then this is no attempt, and {@code failure}
   *     says why there will be none
   * @param httpStatus of the answer; null without one
   * @param failure why there was no whole answer; null if there was one
   * @param answer its first 2,000 characters
   * @param requestHeaders what was sent before the body; null if nothing was
   */
  public record Attempt(
      Instant at,
      @Nullable String url,
      @Nullable Integer httpStatus,
      @Nullable Integer millis,
      @Nullable String failure,
      @Nullable String answer,
      @Nullable Map<String, String> requestHeaders) {}
}
