// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.verify;

import dev.maglatch.key.TokenHash;
import io.vertx.core.Future;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** Looks keys up with their past, for people who ask why one was refused. */
public interface KeyHistories {
  /** Returns the key of this id, or empty if there is none. */
  Future<Optional<KeyHistory>> find(UUID keyId);

  /** Returns the key stored under one of {@code candidates}, or empty if there is none. */
  Future<Optional<KeyHistory>> find(List<TokenHash> candidates);
}
