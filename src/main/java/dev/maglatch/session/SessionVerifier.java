// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.session;

import static java.util.Objects.requireNonNull;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import dev.maglatch.fault.Fault;
import dev.maglatch.key.TokenHash;
import dev.maglatch.key.Tokens;
import dev.maglatch.session.JwtReader.Reading;
import dev.maglatch.verify.CacheConfig;
import dev.maglatch.verify.ChangeClock;
import dev.maglatch.verify.EvidenceWatch;
import dev.maglatch.verify.KeyVerifier.Times;
import dev.maglatch.verify.StreamVerifier;
import dev.maglatch.verify.Trust;
import dev.maglatch.verify.Verdict;
import dev.maglatch.verify.VerifyMetrics;
import dev.maglatch.verify.Watch;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * Decides about JWTs: our own and those of outside issuers.
 *
 * <p>A token that was accepted before is decided without I/O, and so is one that is broken, expired
 * or not signed as it must be. For the others the store is asked whether the session goes on. Keeps
 * hashes, never tokens.
 */
public final class SessionVerifier implements StreamVerifier {
  /*
   * What the store said is kept as long as no later change names the account, its organization or
   * the session; so what has ended is refused as soon as the change is known here. The rules of the
   * key cache hold (src/docs/architecture.md): no lease, no trust; the database lost, bad stays bad
   * and good is served while that is allowed.
   *
   * A subject without an account is remembered for a few seconds only, since making an account is
   * no change that the feed tells of.
   */
  private static final int SHARE = 4;
  private static final Duration STRANGER_TTL = Duration.ofSeconds(5);

  private final JwtReader reader;
  private final SessionLoads loads;
  private final ChangeClock changes;
  private final Trust trust;
  private final Times times;
  private final VerifyMetrics metrics;
  private final long ttlNanos;
  private final Cache<TokenHash, CachedSession> cache;

  /**
   * Makes a verifier with an empty cache, a quarter of the size of the one for keys.
   *
   * @param accounts makes the accounts of issuers with auto-provision
   */
  public SessionVerifier(
      JwtReader reader,
      SessionLookup lookup,
      AccountStore accounts,
      ChangeClock changes,
      Trust trust,
      Times times,
      CacheConfig config,
      VerifyMetrics metrics) {
    this.reader = requireNonNull(reader, "reader");
    this.changes = requireNonNull(changes, "changes");
    this.trust = requireNonNull(trust, "trust");
    this.times = requireNonNull(times, "times");
    this.metrics = requireNonNull(metrics, "metrics");
    this.ttlNanos = config.ttl().toNanos();
    this.cache =
        Caffeine.newBuilder()
            .maximumSize(Math.max(1, config.maxEntries() / SHARE))
            .expireAfterWrite(config.ttl().plus(config.maxStaleness()))
            .executor(Runnable::run)
            .build();
    this.loads = new SessionLoads(lookup, accounts, changes, times.nanoTime(), cache::put, metrics);
  }

  @Override
  public @Nullable Verdict decideNow(String credential, String clientAddress, long maxStaleNanos) {
    Verdict remembered = remembered(Tokens.sha256(credential), nanos(), maxStaleNanos);
    if (remembered != null) {
      metrics.hit();
      return remembered;
    }
    return reader.read(credential, times.databaseTime().instant())
            instanceof Reading.Refused refused
        ? refused.verdict()
        : null;
  }

  @Override
  public Future<Verdict> decide(String credential, String clientAddress, long maxStaleNanos) {
    Verdict remembered = remembered(Tokens.sha256(credential), nanos(), maxStaleNanos);
    if (remembered != null) {
      metrics.hit();
      return Future.succeededFuture(remembered);
    }
    Reading reading = reader.read(credential, times.databaseTime().instant());
    if (reading instanceof Reading.KeysNeeded needed) {
      return reader.readWithKeys(needed).compose(read -> conclude(credential, read, maxStaleNanos));
    }
    return conclude(credential, reading, maxStaleNanos);
  }

  /** Its claims are read once, now: they tell what to ask the store for when something changes. */
  @Override
  public Watch watch(String credential, long maxStaleNanos) {
    TokenHash hash = Tokens.sha256(credential);
    Reading reading = reader.read(credential, times.databaseTime().instant());
    return new EvidenceWatch(
        new EvidenceWatch.Rules(changes, trust, times, ttlNanos, maxStaleNanos),
        () -> cache.getIfPresent(hash),
        () -> reload(hash, reading));
  }

  private CompletionStage<CachedSession> reload(TokenHash hash, Reading reading) {
    if (reading instanceof Reading.Good token) {
      return loads.load(hash, token, trust.level(nanos()) == Trust.Level.TRUSTED);
    }
    return reading instanceof Reading.KeysNeeded needed
        ? reader.readWithKeys(needed).toCompletionStage().thenCompose(read -> reload(hash, read))
        : CompletableFuture.completedFuture(
            CachedSession.refused(
                reading instanceof Reading.Refused refused ? refused.verdict() : Verdict.UNKNOWN,
                changes.now(),
                nanos()));
  }

  /** Whether {@code credential} is a JWT that we signed, good or not: no upstream may see it. */
  public boolean isOwn(String credential) {
    return reader.isOwn(credential);
  }

  /** Returns how many sessions are remembered, for metrics. */
  public long size() {
    return cache.estimatedSize();
  }

  private Future<Verdict> conclude(String credential, Reading reading, long maxStaleNanos) {
    if (!(reading instanceof Reading.Good token)) {
      return Future.succeededFuture(
          reading instanceof Reading.Refused refused ? refused.verdict() : Verdict.UNKNOWN);
    }
    metrics.miss();
    TokenHash hash = Tokens.sha256(credential);
    Trust.Level level = trust.level(nanos());
    if (level == Trust.Level.LOST) {
      return Future.failedFuture(
          Fault.of(
              Fault.Code.STORE_UNAVAILABLE, "database lost, session not verified before", null));
    }
    return onCallersContext(loads.load(hash, token, level == Trust.Level.TRUSTED))
        .compose(
            loaded -> settle(hash, token, loaded),
            failure -> withoutAnswer(hash, maxStaleNanos, failure));
  }

  /** What a change made void while it was on its way is asked once more, by this request alone. */
  private Future<Verdict> settle(TokenHash hash, Reading.Good token, CachedSession loaded) {
    return loaded.fresh(changes)
        ? Future.succeededFuture(loaded.verdict())
        : onCallersContext(loads.load(hash, token, false)).map(CachedSession::verdict);
  }

  private @Nullable Verdict remembered(TokenHash hash, long now, long maxStaleNanos) {
    CachedSession entry = cache.getIfPresent(hash);
    if (entry == null || !entry.fresh(changes) || entry.expiredAt(times.databaseTime().millis())) {
      return null;
    }
    long ttl = entry.isStranger() ? STRANGER_TTL.toNanos() : ttlNanos;
    return switch (trust.level(now)) {
      case TRUSTED -> entry.ageNanos(now) < ttl ? entry.verdict() : null;
      case ASK -> null;
      case LOST -> withoutDatabase(entry, now, maxStaleNanos);
    };
  }

  /** Bad stays bad; good is served while that is allowed; else undecided (null). */
  private @Nullable Verdict withoutDatabase(CachedSession entry, long now, long maxStaleNanos) {
    if (entry.isStranger()) {
      return null;
    }
    if (entry.verdict().outcome() != Verdict.Outcome.ALLOWED) {
      return entry.verdict();
    }
    if (!trust.servesWithoutDatabase(now, maxStaleNanos)) {
      return null;
    }
    metrics.servedStale();
    return entry.verdict();
  }

  private Future<Verdict> withoutAnswer(TokenHash hash, long maxStaleNanos, Throwable failure) {
    CachedSession before = cache.getIfPresent(hash);
    Verdict stale =
        before == null || !before.fresh(changes)
            ? null
            : withoutDatabase(before, nanos(), maxStaleNanos);
    return stale == null
        ? Future.failedFuture(
            failure instanceof Fault
                ? failure
                : Fault.of(Fault.Code.STORE_UNAVAILABLE, "session lookup failed", failure))
        : Future.succeededFuture(stale);
  }

  private long nanos() {
    return times.nanoTime().getAsLong();
  }

  private static <T> Future<T> onCallersContext(CompletionStage<T> stage) {
    Context context = Vertx.currentContext();
    return context == null
        ? Future.fromCompletionStage(stage)
        : Future.fromCompletionStage(stage, context);
  }
}
