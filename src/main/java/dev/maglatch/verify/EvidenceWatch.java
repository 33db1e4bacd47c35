// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.verify;

import dev.maglatch.verify.KeyVerifier.Times;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Watches a credential through what is remembered about it and, when that is void, the store. */
public final class EvidenceWatch implements Watch {
  /*
   * Rule 8, in the terms of rules 3, 5, 7 and 9. With a lease, evidence counts while no change has
   * named it; then the store is asked, and the answer shared with everybody who asks about the same
   * credential. A lease that has run out but is not known to be lost is renewed or lost within a
   * moment, so nothing is asked meanwhile: thousands of streams would ask at once. With the
   * database lost a stream is served as long as a request would be, and also when everything was
   * dropped, since then nothing is known against it; but not when a change has named it.
   */
  private final Rules rules;
  private final Supplier<? extends @Nullable Evidence> remembered;
  private final Supplier<? extends CompletionStage<? extends Evidence>> load;
  private @Nullable Evidence evidence;
  private Verdict verdict = Verdict.UNKNOWN;

  /**
   * @param remembered what the cache holds; null if nothing
   * @param load asks the store
   */
  public EvidenceWatch(
      Rules rules,
      Supplier<? extends @Nullable Evidence> remembered,
      Supplier<? extends CompletionStage<? extends Evidence>> load) {
    this.rules = rules;
    this.remembered = remembered;
    this.load = load;
    this.evidence = remembered.get();
  }

  /**
   * What decides how long evidence counts.
   *
   * @param ttlNanos age at which the store is asked again even though nothing has changed
   * @param maxStaleNanos as {@link Trust#servesWithoutDatabase} has it
   */
  public record Rules(
      ChangeClock changes, Trust trust, Times times, long ttlNanos, long maxStaleNanos) {}

  @Override
  public Standing standing() {
    long now = rules.times.nanoTime().getAsLong();
    Trust.Level level = rules.trust.level(now);
    Evidence known = newest(now);
    if (known == null || !known.fresh(rules.changes)) {
      return withoutEvidence(known, level, now);
    }
    verdict = known.verdictAt(rules.times.databaseTime().millis()); // rule 9
    if (verdict.outcome() != Verdict.Outcome.ALLOWED) {
      return Standing.BAD;
    }
    return switch (level) {
      case TRUSTED -> known.ageNanos(now) < rules.ttlNanos ? Standing.GOOD : Standing.ASK;
      case ASK -> Standing.GOOD;
      case LOST -> servedOrNot(now);
    };
  }

  @Override
  public Verdict verdict() {
    return verdict;
  }

  @Override
  public Future<Void> ask() {
    return onCallersContext(load.get()).onSuccess(answer -> evidence = answer).mapEmpty();
  }

  /** A request may have learned something newer. */
  private @Nullable Evidence newest(long now) {
    Evidence own = evidence;
    if (own == null || !own.fresh(rules.changes) || own.ageNanos(now) >= rules.ttlNanos) {
      Evidence others = remembered.get();
      if (others != null) {
        evidence = others;
      }
    }
    return evidence;
  }

  private Standing withoutEvidence(@Nullable Evidence stale, Trust.Level level, long now) {
    return switch (level) {
      case TRUSTED -> Standing.ASK;
      case ASK -> Standing.GOOD;
      case LOST -> isNamed(stale) ? Standing.UNDECIDED : servedOrNot(now);
    };
  }

  private boolean isNamed(@Nullable Evidence stale) {
    return stale != null && !rules.changes.flushedSince(stale.loadedAt());
  }

  private Standing servedOrNot(long now) {
    return rules.trust.servesWithoutDatabase(now, rules.maxStaleNanos)
        ? Standing.GOOD
        : Standing.UNDECIDED;
  }

  private static <T> Future<T> onCallersContext(CompletionStage<T> stage) {
    Context context = Vertx.currentContext();
    return context == null
        ? Future.fromCompletionStage(stage)
        : Future.fromCompletionStage(stage, context);
  }
}
