// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import static java.util.concurrent.TimeUnit.MILLISECONDS;

import dev.maglatch.key.Principal;
import dev.maglatch.verify.Verdict;
import dev.maglatch.verify.Watch;
import org.jspecify.annotations.Nullable;

/**
 * Looks again and again at the credential of one stream that stays open (rule 8).
 *
 * <p>Begins only when the stream has been open for a while, so that ordinary requests cost nothing.
 */
final class Vigil {
  /** Together with a look each {@link Deadlines#INTERVAL_MILLIS} and one query: well within 1 s. */
  private static final long BEGIN_NANOS = MILLISECONDS.toNanos(400);

  /** So that a store that fails at once is not asked at every look. */
  private static final long PAUSE_AFTER_FAILURE_NANOS = MILLISECONDS.toNanos(500);

  private final Loop loop;
  private final Exchange exchange;
  private final long beginNanos;
  private @Nullable Watch watch;
  private @Nullable Principal checked;
  private boolean asking;
  private long askNanos;

  /**
   * @param openedNanos when the stream was opened
   */
  Vigil(Loop loop, Exchange exchange, long openedNanos) {
    this.loop = loop;
    this.exchange = exchange;
    this.checked = exchange.principal();
    this.beginNanos = openedNanos + BEGIN_NANOS;
    this.askNanos = beginNanos;
  }

  /** Returns why the stream must end now; null: it goes on. */
  @Nullable Lapse look(long nowNanos) {
    if (checked == null || nowNanos - beginNanos < 0) {
      return null; // no credential was asked for, or most likely it ends by itself
    }
    Watch current = watch;
    if (current == null) {
      current = loop.verifier().watch(exchange.token().text(), exchange.maxStaleNanos());
      watch = current;
    }
    return switch (current.standing()) {
      case GOOD -> unlessForbidden(current.verdict().from(exchange.clientAddress()));
      case BAD -> Lapse.of(current.verdict().outcome());
      case UNDECIDED -> Lapse.UNDECIDED;
      case ASK -> {
        ask(current, nowNanos);
        yield null;
      }
    };
  }

  /** What the credential may do can have changed with it. */
  private @Nullable Lapse unlessForbidden(Verdict verdict) {
    Principal principal = verdict.principal();
    if (principal == null) {
      return Lapse.of(verdict.outcome());
    }
    if (principal.equals(checked)) {
      return null;
    }
    checked = principal;
    return ProxyHandler.mayPass(principal, exchange) ? null : Lapse.FORBIDDEN;
  }

  private void ask(Watch current, long nowNanos) {
    if (asking || nowNanos - askNanos < 0 || !loop.mayAsk()) {
      return; // the next look tries again
    }
    asking = true;
    loop.asked();
    current.ask().onComplete((none, failure) -> answered(failure));
  }

  private void answered(@Nullable Throwable failure) {
    asking = false;
    loop.answered();
    if (failure != null) {
      askNanos = loop.nanoTime() + PAUSE_AFTER_FAILURE_NANOS;
    }
  }
}
