// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.session;

import io.vertx.core.Future;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * What a request with a JWT waits for: asked of the primary database, apart from everything else.
 *
 * <p>Fails when the store gave no answer in time.
 */
public interface SessionLookup {
  /** Returns whether the family's access tokens are good, or null if there is no such family. */
  Future<@Nullable Standing> standing(UUID family);

  /** Returns the account linked to a subject of an outside issuer, or null. */
  Future<@Nullable SessionAccount> bySubject(String issuer, String subject);

  /**
   * A family and its account.
   *
   * @param over whether it has ended
   */
  record Standing(UUID family, SessionAccount account, boolean over) {}
}
