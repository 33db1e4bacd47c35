// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.verify;

import io.vertx.core.Future;
import org.jspecify.annotations.Nullable;

/**
 * Checks one Bearer credential (the text after the scheme).
 *
 * <p>Callers ask {@link #decideNow} first and {@link #decide} only when it returns null, so that a
 * known credential costs neither a future nor a thread change.
 */
public interface CredentialVerifier {
  /** As the bound of staleness: the one that is configured for all. */
  long AS_CONFIGURED = Long.MAX_VALUE;

  /**
   * Returns the verdict if it needs no I/O, else null. Never blocks, never throws.
   *
   * @param clientAddress where the credential is used from: a key may be bound to some addresses
   * @param maxStaleNanos how long what was verified before counts without the database, if not less
   *     is configured for all
   */
  @Nullable Verdict decideNow(String credential, String clientAddress, long maxStaleNanos);

  /** As {@link #decideNow(String, String, long)}, {@link #AS_CONFIGURED}. */
  default @Nullable Verdict decideNow(String credential, String clientAddress) {
    return decideNow(credential, clientAddress, AS_CONFIGURED);
  }

  /**
   * Returns the verdict, asking the store if it must. Fails with a {@link dev.maglatch.fault.Fault}
   * when no trustworthy answer was had in time; completes on the caller's context.
   *
   * @param clientAddress as for {@link #decideNow}; a guess is taken from its budget
   * @param maxStaleNanos as for {@link #decideNow}
   */
  Future<Verdict> decide(String credential, String clientAddress, long maxStaleNanos);

  /** As {@link #decide(String, String, long)}, {@link #AS_CONFIGURED}. */
  default Future<Verdict> decide(String credential, String clientAddress) {
    return decide(credential, clientAddress, AS_CONFIGURED);
  }
}
