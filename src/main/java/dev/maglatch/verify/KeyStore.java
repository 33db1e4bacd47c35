// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.verify;

import dev.maglatch.key.TokenHash;
import io.vertx.core.Future;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** Where keys are looked up: the primary database, never a replica of it. */
public interface KeyStore {
  /**
   * Returns the key stored under one of {@code candidates}, or empty if there is none. Fails when
   * the store gave no answer in time, and when the row cannot be understood.
   */
  Future<Optional<StoredKey>> find(List<TokenHash> candidates);

  /** Moves a row from a retired pepper to the current one, unless it has changed meanwhile. */
  Future<Void> rehash(UUID keyId, TokenHash from, TokenHash to, String pepper);
}
