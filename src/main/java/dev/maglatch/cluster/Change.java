// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.cluster;

import dev.maglatch.key.TokenHash;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * One committed change that may decide about a credential.
 *
 * @param number its place in commit order
 * @param entityId null only for {@link Entity#ALL}
 * @param oldHash the stored hash before; null for all but keys, and for a new key
 * @param newHash the stored hash after; null for all but keys, and for a deleted key
 */
public record Change(
    long number,
    Entity entity,
    @Nullable UUID entityId,
    @Nullable TokenHash oldHash,
    @Nullable TokenHash newHash) {

  /** What changed. */
  public enum Entity {
    API_KEY,
    /** An account, an organization or a service account. */
    OWNER,
    SESSION,
    /** A truncated table, or more changes in one transaction than are worth naming. */
    ALL
  }
}
