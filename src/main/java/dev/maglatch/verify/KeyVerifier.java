// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.verify;

import static java.util.Objects.requireNonNull;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import dev.maglatch.fault.Fault;
import dev.maglatch.http.Quota;
import dev.maglatch.key.TokenHash;
import dev.maglatch.key.TokenShape;
import dev.maglatch.key.Tokens;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.time.InstantSource;
import java.util.concurrent.CompletionStage;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Checks {@code mgp_} and {@code mp_} tokens: shape, hash, cache, and on a miss check bytes and one
 * query.
 *
 * <p>Keeps hashes, never tokens. Memory is bounded by {@link CacheConfig#maxEntries()}.
 */
public final class KeyVerifier implements StreamVerifier {
  /*
   * An entry is looked at in three steps, each of which may send the request to the database: is it
   * fresh (no change named it since it was read), is it trusted (the lease is held), is it young
   * (the TTL, a last bound that should never matter).
   *
   * A key in use is read again before its time is over, while it goes on being served: keys that
   * came together, after a start say, would all be asked about in one moment else, and their
   * requests would wait. At which age is the hash's to say, so that they do not come together again.
   *
   * "No such key" lives in a cache of its own, so that it can be small and short-lived without a
   * variable expiry on the hit path, and so that guesses never push out keys.
   */
  private static final int NEGATIVE_SHARE = 10;

  /** Of the TTL: the age from which on a key in use is read again, and how far that is spread. */
  private static final double RENEWED_FROM = 0.5;

  private static final double RENEWED_OVER = 0.375;

  private final Tokens tokens;
  private final KeyLoads loads;
  private final ChangeClock changes;
  private final Trust trust;
  private final Times times;
  private final InstantSource databaseTime;
  private final LongSupplier nanoTime;
  private final VerifyMetrics metrics;
  private final @Nullable GuessBudget guesses;
  private final Cache<TokenHash, CachedKey> found;
  private final Cache<TokenHash, CachedKey> absent;
  private final long ttlNanos;
  private final long renewedFromNanos;
  private final long renewedOverNanos;
  private final long absentNanos;

  /**
   * Makes a verifier with an empty cache.
   *
   * @param acceptUnchecked whether tokens with wrong check bytes may be looked up at all
   */
  public KeyVerifier(
      Tokens tokens,
      KeyStore store,
      ChangeClock changes,
      Trust trust,
      Times times,
      CacheConfig config,
      boolean acceptUnchecked,
      VerifyMetrics metrics) {
    this.tokens = requireNonNull(tokens, "tokens");
    this.changes = requireNonNull(changes, "changes");
    this.trust = requireNonNull(trust, "trust");
    this.databaseTime = times.databaseTime();
    this.nanoTime = times.nanoTime();
    this.metrics = metrics;
    this.guesses = acceptUnchecked ? GuessBudget.standard(nanoTime) : null;
    this.ttlNanos = config.ttl().toNanos();
    this.renewedFromNanos = (long) (RENEWED_FROM * ttlNanos);
    this.renewedOverNanos = (long) (RENEWED_OVER * ttlNanos);
    this.times = times;
    this.absentNanos = config.negativeTtl().toNanos();
    this.found =
        Caffeine.newBuilder()
            .maximumSize(config.maxEntries())
            .expireAfterWrite(config.ttl().plus(config.maxStaleness()))
            .executor(Runnable::run)
            .build();
    this.absent =
        Caffeine.newBuilder()
            .maximumSize(Math.max(1, config.maxEntries() / NEGATIVE_SHARE))
            .expireAfterWrite(config.negativeTtl())
            .executor(Runnable::run)
            .build();
    this.loads = new KeyLoads(tokens, store, changes, nanoTime, this::remember, metrics);
  }

  /**
   * The two clocks that decide.
   *
   * @param databaseTime the database's wall clock: expiry is its business
   * @param nanoTime this machine's monotonic clock
   */
  public record Times(InstantSource databaseTime, LongSupplier nanoTime) {}

  @Override
  public @Nullable Verdict decideNow(String credential, String clientAddress, long maxStaleNanos) {
    if (TokenShape.lookingLike(credential) == null) {
      return Verdict.MALFORMED;
    }
    TokenHash hash = Tokens.sha256(credential);
    Verdict remembered = remembered(hash, nanoTime.getAsLong(), maxStaleNanos);
    if (remembered != null) {
      metrics.hit();
      return remembered.from(clientAddress);
    }
    if (tokens.checked(credential)) {
      return null;
    }
    if (guesses != null && Tokens.wellFormed(credential)) {
      return null;
    }
    metrics.forged();
    return Tokens.wellFormed(credential) ? Verdict.UNKNOWN : Verdict.MALFORMED;
  }

  @Override
  public Future<Verdict> decide(String credential, String clientAddress, long maxStaleNanos) {
    Verdict now = decideNow(credential, clientAddress, maxStaleNanos);
    if (now != null) {
      return Future.succeededFuture(now);
    }
    metrics.miss();
    Quota spent =
        guesses == null || tokens.checked(credential) ? null : guesses.take(clientAddress);
    if (spent != null) {
      return Future.succeededFuture(Verdict.limited(spent));
    }
    TokenHash hash = Tokens.sha256(credential);
    Trust.Level level = trust.level(nanoTime.getAsLong());
    if (level == Trust.Level.LOST) {
      return Future.failedFuture(
          Fault.of(Fault.Code.STORE_UNAVAILABLE, "database lost, key not verified before", null));
    }
    return onCallersContext(loads.load(hash, level == Trust.Level.TRUSTED))
        .compose(
            loaded -> conclude(loaded, credential, clientAddress, maxStaleNanos),
            failure -> withoutAnswer(hash, clientAddress, maxStaleNanos, failure));
  }

  @Override
  public Watch watch(String credential, long maxStaleNanos) {
    TokenHash hash = Tokens.sha256(credential);
    return new EvidenceWatch(
        new EvidenceWatch.Rules(changes, trust, times, ttlNanos, maxStaleNanos),
        () -> found.getIfPresent(hash),
        () -> loads.load(hash, isTrusted()));
  }

  /** Returns how many keys and how many absences are remembered, for metrics. */
  public long size() {
    return found.estimatedSize() + absent.estimatedSize();
  }

  private boolean isTrusted() {
    return trust.level(nanoTime.getAsLong()) == Trust.Level.TRUSTED;
  }

  private @Nullable Verdict remembered(TokenHash hash, long now, long maxStaleNanos) {
    CachedKey entry = found.getIfPresent(hash);
    if (entry == null) {
      return rememberedAbsent(hash, now);
    }
    if (!entry.fresh(changes)) {
      return null;
    }
    Verdict verdict = entry.verdictAt(databaseTime.millis());
    return switch (trust.level(now)) {
      case TRUSTED -> youngEnough(hash, entry.ageNanos(now)) ? verdict : null;
      case ASK -> null;
      case LOST -> withoutDatabase(verdict, now, maxStaleNanos);
    };
  }

  private boolean youngEnough(TokenHash hash, long age) {
    if (age < renewedFromNanos) {
      return true;
    }
    if (age >= ttlNanos) {
      return false;
    }
    if (age - renewedFromNanos >= hash.fraction() * renewedOverNanos) {
      loads.renew(hash);
    }
    return true;
  }

  private @Nullable Verdict rememberedAbsent(TokenHash hash, long now) {
    CachedKey entry = absent.getIfPresent(hash);
    boolean usable =
        entry != null
            && entry.fresh(changes)
            && trust.level(now) == Trust.Level.TRUSTED
            && entry.ageNanos(now) < absentNanos;
    return usable ? Verdict.UNKNOWN : null;
  }

  /** Bad stays bad; good is served while that is allowed; else undecided (null). */
  private @Nullable Verdict withoutDatabase(Verdict verdict, long now, long maxStaleNanos) {
    if (verdict.outcome() != Verdict.Outcome.ALLOWED) {
      return verdict;
    }
    if (!trust.servesWithoutDatabase(now, maxStaleNanos)) {
      return null;
    }
    metrics.servedStale();
    return verdict;
  }

  /** A change that came while the answer was on its way to this thread makes it void. */
  private Future<Verdict> conclude(
      CachedKey loaded, String credential, String clientAddress, long maxStaleNanos) {
    return loaded.fresh(changes)
        ? Future.succeededFuture(loaded.verdictAt(databaseTime.millis()).from(clientAddress))
        : decide(credential, clientAddress, maxStaleNanos);
  }

  /** Somebody else's query may have been answered meanwhile; else what was known before counts. */
  private Future<Verdict> withoutAnswer(
      TokenHash hash, String clientAddress, long maxStaleNanos, Throwable failure) {
    long now = nanoTime.getAsLong();
    Verdict known = remembered(hash, now, maxStaleNanos);
    CachedKey before = found.getIfPresent(hash);
    if (known == null && before != null && before.fresh(changes)) {
      known = withoutDatabase(before.verdictAt(databaseTime.millis()), now, maxStaleNanos);
    }
    return known == null
        ? Future.failedFuture(
            failure instanceof Fault
                ? failure
                : Fault.of(Fault.Code.STORE_UNAVAILABLE, "key lookup failed", failure))
        : Future.succeededFuture(known.from(clientAddress));
  }

  private void remember(TokenHash hash, CachedKey entry) {
    if (entry.found()) {
      found.put(hash, entry);
    } else {
      found.invalidate(hash);
      absent.put(hash, entry);
    }
  }

  private static <T> Future<T> onCallersContext(CompletionStage<T> stage) {
    Context context = Vertx.currentContext();
    return context == null
        ? Future.fromCompletionStage(stage)
        : Future.fromCompletionStage(stage, context);
  }
}
