// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.verify;

import dev.maglatch.key.TokenHash;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** What one lookup found: a key, or that there is none under these hashes. */
final class CachedKey implements Evidence {
  /*
   * confirmedAt is written without synchronisation by whichever thread checked last. It only ever
   * holds a time at which the entry was found fresh, so any value seen is a correct one.
   */
  private final @Nullable StoredKey key;
  private final Verdict whenGood;
  private final List<TokenHash> candidates;
  private final long loadedAt;
  private final long loadedNanos;
  private final long expiresMillis;
  private final long revokedMillis;
  private long confirmedAt;

  /**
   * @param key null: there is none
   * @param candidates the hashes that were asked for
   * @param loadedAt {@link ChangeClock#now()} before the query was sent
   * @param loadedNanos {@link System#nanoTime()} before the query was sent
   */
  CachedKey(@Nullable StoredKey key, List<TokenHash> candidates, long loadedAt, long loadedNanos) {
    this.key = key;
    this.whenGood = key == null ? Verdict.UNKNOWN : Verdict.allowed(key.principal());
    this.candidates = key == null ? candidates : List.of(key.storedHash());
    this.loadedAt = loadedAt;
    this.loadedNanos = loadedNanos;
    this.confirmedAt = loadedAt;
    this.expiresMillis = millis(key == null ? null : key.expiresAt());
    this.revokedMillis = revokedMillis(key);
  }

  boolean found() {
    return key != null;
  }

  @Override
  public boolean fresh(ChangeClock changes) {
    long now = changes.now();
    if (now == confirmedAt) {
      return true;
    }
    if (anyChange(changes)) {
      return false;
    }
    confirmedAt = now;
    return true;
  }

  @Override
  public long loadedAt() {
    return loadedAt;
  }

  @Override
  public long ageNanos(long nanoTime) {
    return nanoTime - loadedNanos;
  }

  @Override
  public Verdict verdictAt(long epochMillis) {
    if (epochMillis >= revokedMillis) {
      return Verdict.REVOKED;
    }
    return epochMillis >= expiresMillis ? Verdict.EXPIRED : whenGood;
  }

  private boolean anyChange(ChangeClock changes) {
    for (int i = 0; i < candidates.size(); i++) {
      if (changes.changedSince(candidates.get(i), loadedAt)) {
        return true;
      }
    }
    return key != null && ownerChange(key, changes);
  }

  private boolean ownerChange(StoredKey found, ChangeClock changes) {
    UUID account = found.principal().accountId();
    UUID serviceAccount = found.principal().serviceAccountId();
    return changes.changedSince(found.principal().organizationId(), loadedAt)
        || (account != null && changes.changedSince(account, loadedAt))
        || (serviceAccount != null && changes.changedSince(serviceAccount, loadedAt));
  }

  private static long revokedMillis(@Nullable StoredKey key) {
    if (key == null) {
      return Long.MAX_VALUE;
    }
    return key.revokedAt() != null || key.ownerDisabled()
        ? Long.MIN_VALUE
        : millis(key.revokeAfter());
  }

  /** A bound beyond what milliseconds can hold is no bound. */
  private static long millis(@Nullable Instant instant) {
    if (instant == null) {
      return Long.MAX_VALUE;
    }
    try {
      return instant.toEpochMilli();
    } catch (ArithmeticException huge) {
      return instant.getEpochSecond() < 0 ? Long.MIN_VALUE : Long.MAX_VALUE;
    }
  }
}
