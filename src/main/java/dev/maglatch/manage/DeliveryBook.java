// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.manage;

import io.vertx.core.Future;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The deliveries of keys, for who may see the keys. A delivery of a key out of reach is as good as
 * unknown.
 *
 * <p>Every future fails with {@code STORE_UNAVAILABLE} when the store does not answer in time.
 */
public interface DeliveryBook {
  /**
   * Returns the deliveries of one key, newest first, without their bodies and with the last attempt
   * alone.
   *
   * @param status of those that are wanted; null for all
   */
  Future<List<DeliveryRecord>> list(KeyReach reach, UUID keyId, @Nullable String status, Page page);

  /** Returns one delivery with its body and all its attempts, or null. */
  Future<@Nullable DeliveryRecord> find(KeyReach reach, UUID keyId, UUID id);

  /**
   * Makes deliveries due now and gives them all their attempts again; those that are just being
   * attempted are left alone. Those of a key that was rotated go to its successor's URL. Nothing is
   * done for a key that is not active or has no URL, or whose account is disabled.
   *
   * @return how many
   */
  Future<Integer> replay(KeyReach reach, UUID keyId, Selection selection, Actor actor);

  /**
   * Sends {@code webhook.test} to one key.
   *
   * @return the delivery; null if the key is out of reach, not active, or has no URL, or its
   *     account is disabled
   */
  Future<@Nullable UUID> test(KeyReach reach, UUID keyId, Actor actor);

  /**
   * Which deliveries of a key.
   *
   * @param id one alone; null for any
   * @param status null for any
   * @param from when they were made, at the earliest; null for any time
   * @param until when they were made, before that; null for any time
   * @param max at most so many, the oldest first
   */
  record Selection(
      @Nullable UUID id,
      @Nullable String status,
      @Nullable Instant from,
      @Nullable Instant until,
      int max) {
    /** Returns the selection of one delivery. */
    public static Selection one(UUID id) {
      return new Selection(id, null, null, null, 1);
    }
  }
}
