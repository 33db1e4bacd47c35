// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.verify;

import io.vertx.core.Future;

/**
 * An accepted credential whose stream is still open: whether it is still good (rule 8 of
 * src/docs/architecture.md).
 *
 * <p>Keeps what was read about the credential, never its token. Belongs to one event loop.
 */
public interface Watch {
  /**
   * Returns what is known at this instant. A few comparisons: never blocks, throws or allocates.
   */
  Standing standing();

  /** Returns the verdict behind {@link Standing#GOOD} and {@link Standing#BAD}. */
  Verdict verdict();

  /**
   * Asks the store, after which {@link #standing} knows its answer. Fails when there was none in
   * time; completes on the caller's context.
   */
  Future<Void> ask();

  /** What is known about a credential that was good once. */
  enum Standing {
    /** Nothing says otherwise, or there is reason to wait: the database is lost, or nearly. */
    GOOD,
    /** Proven bad. */
    BAD,
    /** Something changed, or it was read too long ago: {@link Watch#ask} now. */
    ASK,
    /** It cannot be vouched for any longer, and the database cannot be asked (rule 7). */
    UNDECIDED
  }
}
