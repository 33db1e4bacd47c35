// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.manage;

import dev.maglatch.key.KeyKind;
import dev.maglatch.key.TokenHash;
import dev.maglatch.manage.SingleCreation.Repetition;
import dev.maglatch.secret.SealedText;
import io.vertx.core.Future;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.function.Function;
import java.util.function.UnaryOperator;
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

  /**
   * As {@link #insert}, once for each {@code once} within 24 hours. Later calls give the stored key
   * the hash of {@code key} as long as it is good and unused, and change nothing else. A refused
   * command is forgotten.
   */
  Future<SingleInsertion> insertOnce(NewKey key, Idempotency once, Actor actor);

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

  /**
   * Replaces the webhook secret of an active key that has a URL; the old one stays beside it until
   * {@code overlap} is over.
   *
   * @return the key afterwards; null if there is no such key in reach
   */
  Future<@Nullable KeyRecord> rotateWebhookSecret(
      KeyReach reach, UUID id, SealedText secret, Duration overlap, Actor actor);

  /**
   * Gives an active key the settings that {@code edit} makes of its own. Edits of one key run one
   * after the other, each on what the one before has left.
   *
   * @return null if there is no active key of that id in reach
   */
  Future<@Nullable Edit> update(
      KeyReach reach, UUID id, UnaryOperator<KeySettings> edit, Actor actor);

  /**
   * Stores the key that {@code successor} makes of an active one, and revokes that one at once or
   * at the end of {@code grace}. Its webhook is gone afterwards.
   *
   * @param successor may be called a second time, after the first try was rolled back
   * @return the successor; null if there is no active key of that id in reach that has none yet
   */
  Future<@Nullable KeyRecord> rotate(
      KeyReach reach, UUID id, Function<KeyRecord, NewKey> successor, Duration grace, Actor actor);

  /** Returns the key of one of {@code kinds} that has one of {@code hashes}, or null. */
  Future<@Nullable KeyRecord> findByToken(Set<KeyKind> kinds, List<TokenHash> hashes);

  /** Revokes a key at once. Of several callers exactly one is told {@code REVOKED}. */
  Future<RevokeOutcome> revoke(KeyReach reach, UUID id, Actor actor);

  /**
   * What came of an insert.
   *
   * @param key present only when {@link Creation.Outcome#CREATED}
   */
  record Insertion(Creation.Outcome outcome, @Nullable KeyRecord key) {}

  /**
   * What came of an insert that may be repeated.
   *
   * @param insertion null if this call was refused as a repetition
   */
  record SingleInsertion(Repetition repetition, @Nullable Insertion insertion) {}

  /** A key whose settings were replaced, and what they were. */
  record Edit(KeySettings before, KeyRecord after) {
    /** Whether something else than what the key is called has changed. */
    public boolean changesRights() {
      return !after.settings().policy().equals(before.policy())
          || !Objects.equals(after.settings().scope(), before.scope())
          || !Objects.equals(after.settings().expiresAt(), before.expiresAt());
    }
  }
}
