// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.verify;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the store can still tell about a key in the past. Scope, addresses and limit are those of
 * today; what was switched off and on again in between has left no trace.
 *
 * @param key as it is now
 * @param prefix the part of its token that may be shown
 * @param accountDisabledAt null if its account is not switched off
 * @param serviceAccountDisabledAt null if it has no service account, or that is not switched off
 */
public record KeyHistory(
    StoredKey key,
    String prefix,
    Instant createdAt,
    @Nullable Instant accountDisabledAt,
    @Nullable Instant serviceAccountDisabledAt) {

  /** What a key is at one instant, and why. */
  public enum State {
    GOOD,
    /** It was made later. */
    NOT_MADE,
    REVOKED,
    /** It was rotated, and the grace period was over. */
    REPLACED,
    ACCOUNT_DISABLED,
    SERVICE_ACCOUNT_DISABLED,
    EXPIRED
  }

  /** Returns what the gateway makes of the key at {@code at}, wherever it is used from. */
  public Verdict verdictAt(Instant at) {
    if (at.isBefore(createdAt)) {
      return Verdict.UNKNOWN;
    }
    Instant revokedAt = key.revokedAt();
    StoredKey then =
        new StoredKey(
            key.principal(),
            key.storedHash(),
            key.expiresAt(),
            began(revokedAt, at) ? revokedAt : null,
            key.revokeAfter(),
            began(accountDisabledAt, at) || began(serviceAccountDisabledAt, at));
    return new CachedKey(then, List.of(), 0, 0).verdictAt(at.toEpochMilli());
  }

  /** Returns the reason of {@link #verdictAt}. */
  public State stateAt(Instant at) {
    return switch (verdictAt(at).outcome()) {
      case UNKNOWN -> State.NOT_MADE;
      case EXPIRED -> State.EXPIRED;
      case REVOKED -> whyRevoked(at);
      case ALLOWED, MISSING, MALFORMED, FORBIDDEN, LIMITED -> State.GOOD;
    };
  }

  private State whyRevoked(Instant at) {
    if (began(key.revokedAt(), at)) {
      return State.REVOKED;
    }
    if (began(accountDisabledAt, at)) {
      return State.ACCOUNT_DISABLED;
    }
    return began(serviceAccountDisabledAt, at) ? State.SERVICE_ACCOUNT_DISABLED : State.REPLACED;
  }

  private static boolean began(@Nullable Instant since, Instant at) {
    return since != null && !at.isBefore(since);
  }
}
