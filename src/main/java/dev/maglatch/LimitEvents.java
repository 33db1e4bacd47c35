// SPDX-License-Identifier: Apache-2.0
package dev.maglatch;

import static java.util.Objects.requireNonNull;

import dev.maglatch.key.KeyPolicy.RateLimit;
import dev.maglatch.key.Principal;
import dev.maglatch.limit.LimitListener;
import dev.maglatch.webhook.EventStore;
import java.time.Instant;
import java.time.InstantSource;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Publishes that a key has reached its limit.
 *
 * <p>Replicas begin their windows at different moments, so the event is one of the clock's windows:
 * multiples of {@code windowSeconds} since 1970. Whoever comes first in one publishes it.
 *
 * <p>Never blocks. At most {@value #MAX_UNDER_WAY} are written at a time; what is reached meanwhile
 * is not published, and neither is what fails.
 */
final class LimitEvents implements LimitListener {
  private static final Logger LOG = LoggerFactory.getLogger(LimitEvents.class);
  private static final int MAX_UNDER_WAY = 2;

  private final EventStore events;
  private final InstantSource clock;
  private final AtomicInteger underWay = new AtomicInteger();

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
    if (underWay.incrementAndGet() > MAX_UNDER_WAY) {
      underWay.decrementAndGet();
      LOG.debug("event dropped event=api_key.limit_reached key_id={}", id);
      return;
    }
    events
        .limitReached(id, windowEnd(limit.windowSeconds()))
        .onComplete(done -> underWay.decrementAndGet())
        .onFailure(
            failure ->
                LOG.debug(
                    "event not published event=api_key.limit_reached key_id={} reason={}",
                    id,
                    failure.toString()));
  }

  private Instant windowEnd(long windowSeconds) {
    long window = clock.millis() / 1_000 / windowSeconds;
    return Instant.ofEpochSecond((window + 1) * windowSeconds);
  }
}
