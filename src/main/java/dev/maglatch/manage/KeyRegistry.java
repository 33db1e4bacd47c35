// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.manage;

import io.vertx.core.Future;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Where keys are kept. Each change and its audit row are one transaction.
 *
 * <p>Every future fails with {@code STORE_UNAVAILABLE} when the store cannot be reached or does not
 * answer in time; a change may then have been made nevertheless.
 */
public interface KeyRegistry {
  /**
   * Stores {@code key}, unless its owner is gone or has {@link NewKey#cap} active keys of the kind
   * already. The cap holds however many inserts race; a rotated key does not count.
   */
  Future<Insertion> insert(NewKey key, Actor actor);

  /** Returns the keys in reach, newest first, revoked ones too. */
  Future<List<KeyRecord>> list(KeyReach reach, Page page);

  /** Returns one key, or null if it is out of reach. */
  Future<@Nullable KeyRecord> find(KeyReach reach, UUID id);

  /**
   * Sends the events of an active key to a URL, or nowhere. A key that has a secret keeps it in
   * place of the given one, and drops it with its URL.
   *
   * @param webhook null for nowhere
   * @return the key afterwards; null if there is no active one in reach
   */
  Future<@Nullable KeyRecord> setWebhook(
      KeyReach reach, UUID id, @Nullable KeyWebhook webhook, Actor actor);

  /** Revokes a key at once. Of several callers exactly one is told {@code REVOKED}. */
  Future<RevokeOutcome> revoke(KeyReach reach, UUID id, Actor actor);

  /**
   * What came of an insert.
   *
   * @param key present only when {@link Creation.Outcome#CREATED}
   */
  record Insertion(Creation.Outcome outcome, @Nullable KeyRecord key) {}
}
