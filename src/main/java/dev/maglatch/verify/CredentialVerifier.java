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
  /**
   * Returns the verdict if it needs no I/O, else null. Never blocks, never throws.
   *
   * @param clientAddress where the credential is used from: a key may be bound to some addresses
   */
  @Nullable Verdict decideNow(String credential, String clientAddress);

  /**
   * Returns the verdict, asking the store if it must. Fails with a {@link dev.maglatch.fault.Fault}
   * when no trustworthy answer was had in time; completes on the caller's context.
   *
   * @param clientAddress as for {@link #decideNow}; a guess is taken from its budget
   */
  Future<Verdict> decide(String credential, String clientAddress);
}
