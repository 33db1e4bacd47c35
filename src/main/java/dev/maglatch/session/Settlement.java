// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.session;

import io.vertx.core.Future;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Waits until every replica has acted on a change that took rights away. */
@FunctionalInterface
public interface Settlement {
  /** For a single replica without a cache: there is nobody to wait for. */
  Settlement NONE = entity -> Future.succeededFuture();

  /**
   * Completes when no replica accepts what the newest committed change of {@code entity} took away.
   * The value is the text of {@code X-Maglatch-Revocation}, or null.
   */
  Future<@Nullable String> settled(UUID entity);
}
