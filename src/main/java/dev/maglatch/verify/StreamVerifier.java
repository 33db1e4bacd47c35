// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.verify;

/** Checks a credential, and goes on watching it for as long as a stream of its is open. */
public interface StreamVerifier extends CredentialVerifier {
  /**
   * Begins to watch a credential that was accepted. Never blocks, never throws.
   *
   * @param maxStaleNanos as for {@link #decideNow}
   */
  Watch watch(String credential, long maxStaleNanos);
}
