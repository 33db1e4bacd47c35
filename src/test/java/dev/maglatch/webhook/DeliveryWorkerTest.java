// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.webhook;

import static org.assertj.core.api.Assertions.assertThat;

import dev.maglatch.webhook.Attempt.Kind;
import dev.maglatch.webhook.DeliveryQueue.Claim;
import dev.maglatch.webhook.DeliveryQueue.Claimed;
import dev.maglatch.webhook.DeliveryQueue.Settlement;
import dev.maglatch.webhook.DeliveryQueue.Status;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** The worker in virtual time: a day takes a moment. */
class DeliveryWorkerTest {
  private static final WebhookConfig CONFIG = WebhookConfig.of(false, List.of());
  private static final long SEED = 7;

  private final VirtualTime time = new VirtualTime();
  private final MemoryQueue queue = new MemoryQueue(time);
  private final List<Long> attemptedAt = new ArrayList<>();

  /** A receiver that is down for a day gets each event five times, when the schedule says. */
  @Test
  void receiverThatIsDownForADayIsAskedByTheSchedule() {
    DeliveryWorker worker = worker(delivery -> failAfter(100));
    worker.start();
    for (int hour = 0; hour < 24; hour++) {
      attemptedAt.clear();
      MemoryQueue.Entry event = queue.add("https://down.example");
      time.advance(Duration.ofHours(1));

      assertThat(event.status).isEqualTo(Status.DEAD);
      assertThat(attemptedAt).hasSize(5);
      long[] waits = {5_000, 30_000, 120_000, 600_000};
      for (int i = 0; i < waits.length; i++) {
        long waited = attemptedAt.get(i + 1) - attemptedAt.get(i) - 100;
        assertThat(waited)
            .as("hour " + hour + " wait " + i)
            .isBetween(waits[i] * 3 / 4, waits[i] * 5 / 4 + 1_100); // what is due is seen in 1 s
      }
    }
  }

  @Test
  void deadDestinationIsLeftAloneAndServedAgainOnceItAnswers() {
    boolean[] up = {false};
    DeliveryWorker worker = worker(delivery -> up[0] ? answer(200) : failAfter(10_000));
    worker.start();
    for (int i = 0; i < 100; i++) {
      queue.add("https://dead.example");
    }

    time.advance(Duration.ofMinutes(5));

    assertThat(attemptedAt.size()).as("one each 13 s, after the first eight").isLessThan(40);
    up[0] = true;
    time.advance(Duration.ofMinutes(20));
    assertThat(queue.entries).allMatch(entry -> entry.status == Status.DELIVERED);
  }

  /** The good ones are through before the bad one's first timeout. */
  @Test
  void silentDestinationTakesItsOwnShareOnly() {
    DeliveryWorker worker =
        worker(
            delivery ->
                delivery.destination().contains("silent") ? failAfter(10_000) : answer(200));
    worker.start();
    for (int i = 0; i < 500; i++) {
      queue.add("https://silent.example");
    }
    for (int i = 0; i < 500; i++) {
      queue.add("https://good.example");
    }

    time.advance(Duration.ofSeconds(9));

    assertThat(queue.entries.stream().filter(entry -> entry.status == Status.DELIVERED))
        .hasSize(500);
    assertThat(queue.mostClaimed).isLessThanOrEqualTo(CONFIG.maxInFlight());
    assertThat(attemptedAt.size() - 500).isEqualTo(CONFIG.perDestination());
  }

  /** What a claim brings too late for its lease belongs to somebody else soon: it is not sent. */
  @Test
  void claimThatComesTooLateIsNotUsed() {
    queue.claimMillis = 20_000;
    DeliveryWorker worker = worker(delivery -> answer(200));
    worker.start();
    queue.add("https://a.example");

    time.advance(Duration.ofSeconds(25));
    assertThat(attemptedAt).isEmpty();

    queue.claimMillis = 1;
    time.advance(Duration.ofSeconds(60));
    assertThat(attemptedAt).hasSize(1);
  }

  /** While results cannot be written nothing new is claimed beyond the room there is. */
  @Test
  void databaseThatIsAwayEndsTheClaiming() {
    DeliveryWorker worker = worker(delivery -> answer(200));
    worker.start();
    queue.settleFails = true;
    for (int i = 0; i < 400; i++) {
      queue.add("https://d" + i + ".example");
    }
    time.advance(Duration.ofSeconds(20));
    assertThat(attemptedAt).hasSize(CONFIG.maxInFlight());

    queue.settleFails = false;
    time.advance(Duration.ofMinutes(1));
    assertThat(queue.entries).allMatch(entry -> entry.status == Status.DELIVERED);
  }

  @Test
  void stopWaitsForWhatWasBegun() {
    DeliveryWorker worker = worker(delivery -> failAfter(4_000));
    worker.start();
    queue.add("https://a.example");
    time.advance(Duration.ofSeconds(2));

    Future<Void> stopped = worker.stop();
    queue.add("https://b.example");
    assertThat(stopped.isComplete()).isFalse();
    time.advance(Duration.ofSeconds(4));

    assertThat(stopped.succeeded()).isTrue();
    assertThat(attemptedAt).hasSize(1);
  }

  private DeliveryWorker worker(Courier courier) {
    return new DeliveryWorker(
        UUID.randomUUID(),
        queue,
        delivery -> {
          attemptedAt.add(time.millis);
          return courier.attempt(delivery);
        },
        CONFIG,
        time,
        new Random(SEED),
        WebhookMetrics.NONE);
  }

  private Future<Attempt> failAfter(long millis) {
    Promise<Attempt> attempt = Promise.promise();
    time.later(
        millis,
        () ->
            attempt.complete(
                new Attempt(Kind.UNREACHABLE, 0, "", "refused", null, millis, Map.of())));
    return attempt.future();
  }

  private static Future<Attempt> answer(int status) {
    return Future.succeededFuture(new Attempt(Kind.ANSWERED, status, "", null, null, 1, Map.of()));
  }

  /** Time that stands still between events. */
  private static final class VirtualTime implements Timing {
    private long millis;
    private long order;
    private final PriorityQueue<Due> due =
        new PriorityQueue<>(
            (a, b) -> a.at == b.at ? Long.compare(a.order, b.order) : Long.compare(a.at, b.at));

    private record Due(long at, long order, Runnable work) {}

    @Override
    public long nanoTime() {
      return millis * 1_000_000;
    }

    @Override
    public void later(long delay, Runnable work) {
      due.add(new Due(millis + delay, order++, work));
    }

    void advance(Duration duration) {
      long end = millis + duration.toMillis();
      while (!due.isEmpty() && due.peek().at <= end) {
        Due next = due.remove();
        millis = next.at;
        next.work.run();
      }
      millis = end;
    }
  }

  /** The queue's rules in memory. */
  private static final class MemoryQueue implements DeliveryQueue {
    private final VirtualTime time;
    private final List<Entry> entries = new ArrayList<>();
    private long claimMillis = 1;
    private boolean settleFails;
    private int mostClaimed;

    private static final class Entry {
      private final UUID id = UUID.randomUUID();
      private final String destination;
      private Status status = Status.PENDING;
      private long dueAt;
      private long claim;
      private int attempts;

      private Entry(String destination, long dueAt) {
        this.destination = destination;
        this.dueAt = dueAt;
      }
    }

    private MemoryQueue(VirtualTime time) {
      this.time = time;
    }

    private Entry add(String destination) {
      Entry entry = new Entry(destination, time.millis);
      entries.add(entry);
      return entry;
    }

    @Override
    public Future<Void> listen(Runnable handler) {
      return Future.succeededFuture();
    }

    @Override
    public Future<List<Claimed>> claim(Claim claim) {
      Promise<List<Claimed>> claimed = Promise.promise();
      List<Claimed> found = take(claim);
      time.later(claimMillis, () -> claimed.complete(found));
      return claimed.future();
    }

    private List<Claimed> take(Claim claim) {
      Map<String, Integer> taken = new HashMap<>();
      List<Claimed> found = new ArrayList<>();
      for (Entry entry : entries) {
        int room = claim.room().getOrDefault(entry.destination, claim.perDestination());
        if (entry.status == Status.PENDING
            && entry.dueAt <= time.millis
            && found.size() < claim.max()
            && taken.merge(entry.destination, 1, Integer::sum) <= room) {
          entry.dueAt = time.millis + claim.lease().toMillis();
          entry.claim++;
          found.add(claimed(entry));
        }
      }
      mostClaimed = Math.max(mostClaimed, found.size());
      return found;
    }

    private static Claimed claimed(Entry entry) {
      return new Claimed(
          entry.id,
          entry.claim,
          entry.id,
          "{}",
          entry.attempts,
          entry.destination,
          entry.id,
          entry.destination + "/in",
          List.of());
    }

    @Override
    public Future<Void> settle(List<Settlement> settlements) {
      if (settleFails) {
        return Future.failedFuture("no database");
      }
      for (Settlement settlement : settlements) {
        for (Entry entry : entries) {
          if (entry.id.equals(settlement.id()) && entry.claim == settlement.claim()) {
            entry.status = settlement.status();
            entry.attempts++;
            entry.dueAt = time.millis + settlement.pause().toMillis();
          }
        }
      }
      return Future.succeededFuture();
    }

    @Override
    public Future<Duration> age() {
      return Future.succeededFuture(Duration.ZERO);
    }

    @Override
    public Future<Integer> prune(Duration retention) {
      return Future.succeededFuture(0);
    }
  }
}
