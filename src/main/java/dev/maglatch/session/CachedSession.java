// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.session;

import dev.maglatch.verify.ChangeClock;
import dev.maglatch.verify.Evidence;
import dev.maglatch.verify.Verdict;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * What one lookup found out about one token.
 *
 * @param family null for a token of an outside issuer
 * @param account null if there is none; so is its organization
 * @param expiresMillis when the token expires
 * @param loadedAt {@link ChangeClock#now()} before the query was sent
 * @param loadedNanos {@link System#nanoTime()} before the query was sent
 */
record CachedSession(
    Verdict verdict,
    @Nullable UUID family,
    @Nullable UUID account,
    @Nullable UUID organization,
    long expiresMillis,
    long loadedAt,
    long loadedNanos)
    implements Evidence {

  /** Makes an entry for a token that says itself that it is bad. */
  static CachedSession refused(Verdict verdict, long readAt, long readNanos) {
    return new CachedSession(verdict, null, null, null, Long.MAX_VALUE, readAt, readNanos);
  }

  @Override
  public boolean fresh(ChangeClock changes) {
    return !changes.flushedSince(loadedAt)
        && unchanged(family, changes)
        && unchanged(account, changes)
        && unchanged(organization, changes);
  }

  boolean expiredAt(long epochMillis) {
    return epochMillis >= expiresMillis;
  }

  @Override
  public long ageNanos(long nanoTime) {
    return nanoTime - loadedNanos;
  }

  @Override
  public Verdict verdictAt(long epochMillis) {
    return expiredAt(epochMillis) ? Verdict.EXPIRED : verdict;
  }

  /** Whether the subject of an outside issuer has no account. */
  boolean isStranger() {
    return account == null && family == null;
  }

  private boolean unchanged(@Nullable UUID owner, ChangeClock changes) {
    return owner == null || !changes.changedSince(owner, loadedAt);
  }
}
