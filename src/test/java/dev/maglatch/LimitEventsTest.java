// SPDX-License-Identifier: Apache-2.0
package dev.maglatch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.maglatch.key.KeyPolicy;
import dev.maglatch.key.Principals;
import dev.maglatch.webhook.EventStore;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.UUID;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Which window of the clock a key's reached limit is told for. */
class LimitEventsTest {
  private static final Instant MIDNIGHT = Instant.parse("2026-02-18T00:00:00Z");
  private static final UUID KEY = UUID.randomUUID();

  private final Occasions occasions = new Occasions();

  /**
   * Replicas begin their windows at different moments: the store sees one occasion all the same.
   */
  @Test
  void replicasNameTheSameWindowUntilItEnds() {
    reachedAt(MIDNIGHT, 60);
    reachedAt(MIDNIGHT.plusMillis(59_999), 60);
    reachedAt(MIDNIGHT.plusSeconds(60), 60);
    reachedAt(MIDNIGHT.plusSeconds(86_399), 86_400);

    assertThat(occasions.windowEnds)
        .containsExactly(
            MIDNIGHT.plusSeconds(60),
            MIDNIGHT.plusSeconds(60),
            MIDNIGHT.plusSeconds(120),
            MIDNIGHT.plusSeconds(86_400));
  }

  @Test
  void keyWithoutALimitAndSessionsAreNotTold() {
    LimitEvents events = new LimitEvents(occasions, InstantSource.fixed(MIDNIGHT));
    events.reached(Principals.ofKey(KEY, KeyPolicy.NONE));
    events.reached(Principals.ofKey(null, limit(60)));

    assertThat(occasions.windowEnds).isEmpty();
  }

  /** Keys that reach their limits together are all told of, since none is heard of again. */
  @Test
  void twoAreWrittenAtATimeAndTheRestWaits() {
    Deque<Promise<Void>> answers = answersLater();
    LimitEvents events = new LimitEvents(occasions, InstantSource.fixed(MIDNIGHT));
    for (int i = 0; i < 5; i++) {
      events.reached(Principals.ofKey(KEY, limit(60)));
    }
    assertThat(occasions.windowEnds).hasSize(2);

    answers.remove().fail("no database");
    assertThat(occasions.windowEnds).hasSize(3);
    while (!answers.isEmpty()) {
      answers.remove().complete();
    }
    assertThat(occasions.windowEnds).hasSize(5);
  }

  /** A store that does not answer costs bounded memory. */
  @Test
  void aThousandWaitAndTheRestIsDropped() {
    Deque<Promise<Void>> answers = answersLater();
    LimitEvents events = new LimitEvents(occasions, InstantSource.fixed(MIDNIGHT));
    for (int i = 0; i < 2_000; i++) {
      events.reached(Principals.ofKey(KEY, limit(60)));
    }
    while (!answers.isEmpty()) {
      answers.remove().complete();
    }
    assertThat(occasions.windowEnds).hasSize(1_002);
  }

  private Deque<Promise<Void>> answersLater() {
    Deque<Promise<Void>> answers = new ArrayDeque<>();
    occasions.answer =
        () -> {
          Promise<Void> answer = Promise.promise();
          answers.add(answer);
          return answer.future();
        };
    return answers;
  }

  private void reachedAt(Instant now, int windowSeconds) {
    new LimitEvents(occasions, InstantSource.fixed(now))
        .reached(Principals.ofKey(KEY, limit(windowSeconds)));
  }

  private static KeyPolicy limit(int windowSeconds) {
    return new KeyPolicy(null, new KeyPolicy.RateLimit(1, windowSeconds));
  }

  /** Keeps what it is told, and answers as a test wants. */
  private static final class Occasions implements EventStore {
    private final List<Instant> windowEnds = new ArrayList<>();
    private Supplier<Future<Void>> answer = Future::succeededFuture;

    @Override
    public Future<@Nullable Published> publish(
        UUID accountId, String event, JsonObject data, @Nullable String once) {
      return Future.failedFuture("not asked");
    }

    @Override
    public Future<Void> limitReached(UUID keyId, Instant windowEnd) {
      assertThat(keyId).isEqualTo(KEY);
      windowEnds.add(windowEnd);
      return answer.get();
    }

    @Override
    public Future<Integer> noticeExpiring(Duration ahead, int max) {
      return Future.failedFuture("not asked");
    }
  }
}
