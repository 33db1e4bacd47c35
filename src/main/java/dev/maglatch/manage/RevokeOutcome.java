// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.manage;

/** What came of a revocation. */
public enum RevokeOutcome {
  REVOKED,
  /** Somebody else did, or its grace period has ended. */
  ALREADY_REVOKED,
  /** No such key in reach. */
  UNKNOWN
}
