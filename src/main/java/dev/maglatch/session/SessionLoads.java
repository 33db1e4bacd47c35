// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.session;

import dev.maglatch.fault.Fault;
import dev.maglatch.key.TokenHash;
import dev.maglatch.session.JwtReader.Reading;
import dev.maglatch.session.SessionLookup.Standing;
import dev.maglatch.verify.ChangeClock;
import dev.maglatch.verify.Verdict;
import dev.maglatch.verify.VerifyMetrics;
import io.vertx.core.Future;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.function.BiConsumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** Asks the store about tokens, once for all who want to know the same at the same time. */
final class SessionLoads {
  private static final int MAX_RUNNING = 10_000;

  private final SessionLookup lookup;
  private final AccountStore accounts;
  private final ChangeClock changes;
  private final LongSupplier nanoTime;
  private final BiConsumer<TokenHash, CachedSession> remember;
  private final VerifyMetrics metrics;
  private final ConcurrentMap<TokenHash, CompletableFuture<CachedSession>> running =
      new ConcurrentHashMap<>();

  SessionLoads(
      SessionLookup lookup,
      AccountStore accounts,
      ChangeClock changes,
      LongSupplier nanoTime,
      BiConsumer<TokenHash, CachedSession> remember,
      VerifyMetrics metrics) {
    this.lookup = lookup;
    this.accounts = accounts;
    this.changes = changes;
    this.nanoTime = nanoTime;
    this.remember = remember;
    this.metrics = metrics;
  }

  /**
   * Returns what the store says now. What it says is remembered, unless a change has made it void.
   *
   * @param shared whether the answer to a query that was sent before this call will do
   */
  CompletableFuture<CachedSession> load(TokenHash hash, Reading.Good token, boolean shared) {
    if (running.size() >= MAX_RUNNING) {
      return CompletableFuture.failedFuture(
          Fault.of(Fault.Code.OVERLOADED, "more than 10000 sessions are looked up", null));
    }
    CompletableFuture<CachedSession> mine = new CompletableFuture<>();
    CompletableFuture<CachedSession> other = running.putIfAbsent(hash, mine);
    if (other != null && shared) {
      return other;
    }
    ask(token)
        .onComplete(
            answer -> {
              running.remove(hash, mine);
              if (answer.succeeded()) {
                keep(hash, answer.result());
                mine.complete(answer.result());
              } else {
                mine.completeExceptionally(answer.cause());
              }
            });
    return mine;
  }

  private void keep(TokenHash hash, CachedSession entry) {
    if (entry.fresh(changes)) {
      remember.accept(hash, entry);
    }
  }

  private Future<CachedSession> ask(Reading.Good token) {
    long sentAt = changes.now();
    long sentNanos = nanoTime.getAsLong();
    Found found = new Found(token, sentAt, sentNanos);
    return (token.family() == null
            ? outside(token).map(found::outside)
            : lookup.standing(token.family()).map(found::own))
        .onComplete(answer -> metrics.loaded(nanoTime.getAsLong() - sentNanos, answer.succeeded()));
  }

  private Future<@Nullable SessionAccount> outside(Reading.Good token) {
    return lookup
        .bySubject(token.issuer(), token.subject())
        .compose(
            account ->
                account == null && token.mayProvision()
                    ? accounts.provision(token.issuer(), token.subject(), token.email())
                    : Future.succeededFuture(account));
  }

  /** Turns what the store said about {@code token} into a verdict. */
  private record Found(Reading.Good token, long sentAt, long sentNanos) {
    CachedSession own(@Nullable Standing standing) {
      SessionAccount account = standing == null ? null : standing.account();
      boolean good =
          standing != null
              && !standing.over()
              && !standing.account().disabled()
              && standing.account().id().toString().equals(token.subject());
      return entry(good, account);
    }

    CachedSession outside(@Nullable SessionAccount account) {
      return entry(account != null && !account.disabled(), account);
    }

    private CachedSession entry(boolean good, @Nullable SessionAccount account) {
      boolean stranger = account == null && token.family() == null;
      Verdict bad = stranger ? Verdict.UNKNOWN : Verdict.REVOKED;
      return new CachedSession(
          good && account != null ? Verdict.allowed(account.principal(token.family())) : bad,
          token.family(),
          account == null ? null : account.id(),
          account == null ? null : account.organizationId(),
          token.expiresAt().toEpochMilli(),
          sentAt,
          sentNanos);
    }
  }
}
