// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.verify;

/** What one lookup found out about one credential, and how long that can be believed. */
public interface Evidence {
  /** Whether nothing that this depends on has changed since it was read. */
  boolean fresh(ChangeClock changes);

  /** Returns {@link ChangeClock#now()} of before the query was sent. */
  long loadedAt();

  /** Returns nanoseconds since this was read from the database. */
  long ageNanos(long nanoTime);

  /** Returns what this says at {@code epochMillis} of the database's clock. */
  Verdict verdictAt(long epochMillis);
}
