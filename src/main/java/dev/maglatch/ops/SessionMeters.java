// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.ops;

import static java.util.Objects.requireNonNull;
import static java.util.concurrent.TimeUnit.NANOSECONDS;

import dev.maglatch.session.FamilyState.Judgement;
import dev.maglatch.session.SessionMetrics;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;

/** Counts what sessions do. */
final class SessionMeters implements SessionMetrics {
  private final Map<Outcome, Counter> signIns = new EnumMap<>(Outcome.class);
  private final Map<Judgement, Counter> refreshes = new EnumMap<>(Judgement.class);
  private final Timer waited;
  private final Timer hashed;
  private final Counter turnedAway;
  private final Counter fetched;
  private final Counter notFetched;

  SessionMeters(MeterRegistry registry) {
    for (Outcome outcome : Outcome.values()) {
      signIns.put(outcome, Metric.SIGN_INS.counter(registry, label(outcome)));
    }
    for (Judgement judgement : Judgement.values()) {
      refreshes.put(judgement, Metric.SESSION_REFRESHES.counter(registry, label(judgement)));
    }
    waited = Metric.PASSWORD_WAIT.histogram(registry);
    hashed = Metric.PASSWORD_HASH.histogram(registry);
    turnedAway = Metric.PASSWORDS_TURNED_AWAY.counter(registry);
    fetched = Metric.KEY_SET_FETCHES.counter(registry, "succeeded");
    notFetched = Metric.KEY_SET_FETCHES.counter(registry, "failed");
  }

  private static String label(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT);
  }

  @Override
  public void passwordHashed(long waitedNanos, long nanos) {
    waited.record(waitedNanos, NANOSECONDS);
    hashed.record(nanos, NANOSECONDS);
  }

  @Override
  public void passwordTurnedAway() {
    turnedAway.increment();
  }

  @Override
  public void signIn(Outcome outcome) {
    requireNonNull(signIns.get(outcome), "registered").increment();
  }

  @Override
  public void refresh(Judgement judgement) {
    requireNonNull(refreshes.get(judgement), "registered").increment();
  }

  @Override
  public void keySetFetched(boolean succeeded) {
    (succeeded ? fetched : notFetched).increment();
  }
}
