// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import dev.maglatch.verify.Verdict;
import dev.maglatch.verify.Watch;
import io.vertx.core.Future;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Says of a credential what a test has put down for it, at once or after it was asked. */
final class FakeWatch implements Watch {
  private final Supplier<? extends @Nullable Verdict> known;
  private final Supplier<? extends @Nullable Future<Verdict>> stored;
  private @Nullable Verdict answer;

  FakeWatch(
      Supplier<? extends @Nullable Verdict> known,
      Supplier<? extends @Nullable Future<Verdict>> stored) {
    this.known = known;
    this.stored = stored;
  }

  @Override
  public Standing standing() {
    Verdict newest = answer != null ? answer : known.get();
    if (newest == null) {
      return stored.get() == null ? Standing.UNDECIDED : Standing.ASK;
    }
    return newest.outcome() == Verdict.Outcome.ALLOWED ? Standing.GOOD : Standing.BAD;
  }

  @Override
  public Verdict verdict() {
    Verdict newest = answer != null ? answer : known.get();
    return newest == null ? Verdict.UNKNOWN : newest;
  }

  @Override
  public Future<Void> ask() {
    Future<Verdict> asked = stored.get();
    return asked == null
        ? Future.failedFuture("nothing stored")
        : asked.onSuccess(verdict -> answer = verdict).mapEmpty();
  }
}
