// SPDX-License-Identifier: Apache-2.0
package dev.maglatch;

import static java.util.Objects.requireNonNull;

import dev.maglatch.key.KeyPolicy.RateLimit;
import dev.maglatch.key.Principal;
import dev.maglatch.limit.LimitListener;
import dev.maglatch.webhook.EventStore;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Publishes that a key has reached its limit.
 *
 * <p>Replicas begin their windows at different moments, so the event is one of the clock's windows:
 * multiples of {@code windowSeconds} since 1970. Whoever comes first in one publishes it.
 *
 * <p>Safe on any thread, and never blocks. At most {@value #MAX_UNDER_WAY} are written at a time
 * and {@value #MAX_WAITING} wait; what is reached meanwhile is not published, and neither is what
 * fails.
 */
final class LimitEvents implements LimitListener {
  private static final Logger LOG = LoggerFactory.getLogger(LimitEvents.class);
  private static final int MAX_UNDER_WAY = 2;
  private static final int MAX_WAITING = 1_000;

  private final EventStore events;
  private final InstantSource clock;
  private final Queue<Occasion> waiting = new ArrayDeque<>(); // guarded by this
  private int underWay; // guarded by this

  /** A key, and the window that it has reached its limit in. */
  private record Occasion(UUID keyId, Instant windowEnd) {}

  LimitEvents(EventStore events, InstantSource clock) {
    this.events = requireNonNull(events, "events");
    this.clock = requireNonNull(clock, "clock");
  }

  @Override
  public void reached(Principal key) {
    UUID id = key.keyId();
    RateLimit limit = key.keyPolicy().rateLimit();
    if (id == null || limit == null) {
      return;
    }
    if (!add(new Occasion(id, windowEnd(limit.windowSeconds())))) {
      LOG.debug("event dropped event=api_key.limit_reached key_id={}", id);
    }
    publishNext();
  }

  private synchronized boolean add(Occasion occasion) {
    return waiting.size() < MAX_WAITING && waiting.add(occasion);
  }

  private synchronized @Nullable Occasion begin() {
    Occasion next = underWay < MAX_UNDER_WAY ? waiting.poll() : null;
    underWay += next == null ? 0 : 1;
    return next;
  }

  private synchronized void end() {
    underWay--;
  }

  private void publishNext() {
    Occasion next = begin();
    if (next != null) {
      events
          .limitReached(next.keyId(), next.windowEnd())
          .onFailure(
              failure ->
                  LOG.debug(
                      "event not published event=api_key.limit_reached key_id={} reason={}",
                      next.keyId(),
                      failure.toString()))
          .onComplete(
              done -> {
                end();
                publishNext();
              });
    }
  }

  private Instant windowEnd(long windowSeconds) {
    long window = clock.millis() / 1_000 / windowSeconds;
    return Instant.ofEpochSecond((window + 1) * windowSeconds);
  }
}
