// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.webhook;

import static java.util.concurrent.TimeUnit.MILLISECONDS;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * How much each destination is trusted with, so that a bad one delays nobody else. One thread.
 *
 * <p>One that answers within a second gets the full share; a slower one two attempts at a time; and
 * one that could not be reached five times in a row one attempt each three seconds. That is less
 * than the shortest wait between two attempts, so that a single delivery keeps its schedule.
 */
final class Destinations {
  private static final int MAX_TRACKED = 2_000;
  private static final int FAILURES_TO_OPEN = 5;
  private static final long PAUSE_NANOS = MILLISECONDS.toNanos(3_000);
  private static final long SLOW_MILLIS = 1_000;
  private static final int SLOW_SHARE = 2;

  private final int share;

  /** The one that was heard of longest ago first. */
  private final Map<String, State> states = new LinkedHashMap<>();

  /** What is known of one destination. */
  private static final class State {
    int running;
    int failures;
    boolean slow;
    long pausedUntilNanos;

    boolean isPlain() {
      return running == 0 && failures == 0 && !slow;
    }
  }

  /**
   * @param share most attempts at one destination at a time
   */
  Destinations(int share) {
    this.share = share;
  }

  void began(String destination) {
    State state = states.remove(destination);
    if (state == null) {
      state = new State();
      forgetOne();
    }
    state.running++;
    states.put(destination, state);
  }

  /**
   * Notes how an attempt at {@code destination} has ended, and how long it took.
   *
   * @return whether there may have been no room for more of this destination until now
   */
  boolean ended(String destination, Attempt.Kind kind, long millis, long nowNanos) {
    State state = states.get(destination);
    if (state == null) {
      return true; // so many destinations that this one was forgotten
    }
    boolean wasFull = state.running >= limit(state, nowNanos);
    state.running--;
    switch (kind) {
      case ANSWERED -> {
        state.slow = millis > SLOW_MILLIS;
        state.failures = 0;
      }
      case UNREACHABLE -> {
        state.slow = millis > SLOW_MILLIS;
        state.failures++;
        state.pausedUntilNanos = nowNanos + PAUSE_NANOS; // counts from a number of failures on
      }
      case UNSENT, FORBIDDEN -> {} // nobody was asked
    }
    if (state.isPlain()) {
      states.remove(destination);
    }
    return wasFull;
  }

  /** Returns how many attempts may begin now, for each destination that may not have the share. */
  Map<String, Integer> room(long nowNanos) {
    Map<String, Integer> room = new HashMap<>();
    states.forEach(
        (destination, state) ->
            room.put(destination, Math.max(0, limit(state, nowNanos) - state.running)));
    return room;
  }

  private int limit(State state, long nowNanos) {
    if (state.failures >= FAILURES_TO_OPEN) {
      return nowNanos - state.pausedUntilNanos < 0 ? 0 : 1;
    }
    return state.slow ? Math.min(share, SLOW_SHARE) : share;
  }

  private void forgetOne() {
    if (states.size() < MAX_TRACKED) {
      return;
    }
    states.entrySet().stream()
        .filter(entry -> entry.getValue().running == 0)
        .findFirst()
        .map(Map.Entry::getKey)
        .ifPresent(states::remove);
  }
}
