// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.manage;

import dev.maglatch.key.TokenHash;
import io.vertx.core.Future;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The keys of everybody, as an operator sees them.
 *
 * <p>Every future fails with {@code STORE_UNAVAILABLE} when the store cannot be reached or does not
 * answer in time.
 */
public interface KeyInventory {
  /** Returns the key of that id, or null. */
  Future<@Nullable KeyRecord> find(UUID id);

  /** Returns the keys, oldest first, revoked ones too. */
  Future<List<Held>> list(Page page);

  /**
   * Stores all of {@code keys} and one audit row, and makes every replica drop what it knows, once;
   * or stores nothing and returns what is wrong with which line.
   */
  Future<List<BadLine>> insertAll(List<NewLine> keys, Actor actor);

  /** Returns what {@link #insertAll} would complain about now. Stores nothing. */
  Future<List<BadLine>> check(List<NewLine> keys);

  /**
   * A key and the e-mail address of the account that holds it, or made it.
   *
   * @param hash of its token at rest
   * @param pepper fingerprint of the pepper in {@code hash}
   */
  record Held(String email, KeyRecord key, TokenHash hash, String pepper) {}

  /**
   * A key to be taken over.
   *
   * @param hashes what its token has or would have at rest, the one to be stored first
   * @param pepper fingerprint of the pepper in that first one
   */
  record NewLine(ImportedKey key, List<TokenHash> hashes, String pepper) {}

  /** Why a line of the file cannot be taken over. */
  record BadLine(int line, String reason) {}
}
