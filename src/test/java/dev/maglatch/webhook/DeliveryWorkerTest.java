// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.webhook;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.maglatch.webhook.Attempt.Kind;
import dev.maglatch.webhook.DeliveryQueue.Status;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** The worker in virtual time: a day takes a moment. */
class DeliveryWorkerTest {
  private static final WebhookConfig CONFIG = WebhookConfig.of(false, List.of());
  private static final long SEED = 7;

  private final VirtualTime time = new VirtualTime();
  private final MemoryQueue queue = new MemoryQueue(time);
  private final List<Long> attemptedAt = new ArrayList<>();
  private final Set<UUID> unsent = new HashSet<>();

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

  /** What a receiver was never asked is not its failure: it may be others' receiver too. */
  @Test
  void deliveriesThatCannotBeSentDelayNobodyElse() {
    DeliveryWorker worker =
        worker(delivery -> unsent.contains(delivery.id()) ? notSent() : answer(200));
    worker.start();
    for (int i = 0; i < 20; i++) {
      unsent.add(queue.add("https://shared.example").id);
    }
    time.advance(Duration.ofSeconds(2));
    assertThat(attemptedAt).hasSize(20);

    for (int i = 0; i < 20; i++) {
      queue.add("https://shared.example");
    }
    time.advance(Duration.ofMillis(1_500));

    assertThat(queue.entries.stream().filter(entry -> entry.status == Status.DELIVERED))
        .hasSize(20);
    time.advance(Duration.ofHours(1));
    assertThat(queue.entries.stream().filter(entry -> entry.status == Status.DEAD))
        .as("tried again as the schedule says, then given up")
        .hasSize(20)
        .allMatch(entry -> entry.attempts == 5);
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
    queue.add("https://a.example");
    ListAppender<ILoggingEvent> log = new ListAppender<>();
    log.start();
    logger().addAppender(log);

    worker.start();
    time.advance(Duration.ofSeconds(25));
    logger().detachAppender(log);

    assertThat(attemptedAt).isEmpty();
    assertThat(log.list)
        .extracting(ILoggingEvent::getFormattedMessage)
        .containsExactly(
            "webhooks claimed too late, they wait for the end of the lease deliveries=1 left=PT10S");

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

  /** Hundreds at once would keep the loop from hearing the database in time. */
  @Test
  void manyAreClaimedBegunAndWrittenInBatches() {
    int many = 500;
    Duration timeout = CONFIG.timeout();
    WebhookConfig wide =
        new WebhookConfig(
            false, List.of(), null, many, many, timeout, CONFIG.lease(), CONFIG.retention());
    for (int i = 0; i < 2 * many; i++) {
      queue.add("https://a.example");
    }

    queue.settleMillis = 1;
    worker(wide, delivery -> failAfter(900)).start();
    time.advance(Duration.ofMillis(500));

    assertThat(attemptedAt).hasSize(many);
    assertThat(attemptedAt.stream().distinct().count()).isGreaterThanOrEqualTo(many / 64);
    assertThat(queue.mostClaimed).isEqualTo(64);
    time.advance(Duration.ofSeconds(5));
    assertThat(queue.mostSettled).isEqualTo(64);
  }

  /** An event for eight receivers takes one statement to claim it and one to write the results. */
  @Test
  void quietTrafficCostsTwoStatementsForEachEvent() {
    int events = 50;
    DeliveryWorker worker = worker(delivery -> answerAfter(1 + attemptedAt.size() % 8));
    worker.start();
    time.advance(Duration.ofMillis(10));
    int before = queue.claims;

    for (int i = 0; i < events; i++) {
      for (int receiver = 0; receiver < 8; receiver++) {
        queue.add("https://r" + receiver + ".example");
      }
      queue.notifyListener();
      time.advance(Duration.ofMillis(50));
    }

    assertThat(queue.entries).allMatch(entry -> entry.status == Status.DELIVERED);
    assertThat(queue.settles).isEqualTo(events);
    assertThat(queue.claims - before).as("and one a second").isLessThanOrEqualTo(events + 3);
  }

  /** Results do not wait for an attempt that takes its time. */
  @Test
  void slowAttemptHoldsNoResultBack() {
    DeliveryWorker worker =
        worker(
            delivery -> delivery.destination().contains("slow") ? failAfter(9_000) : answer(200));
    MemoryQueue.Entry slow = queue.add("https://slow.example");
    MemoryQueue.Entry quick = queue.add("https://quick.example");

    worker.start();
    time.advance(Duration.ofMillis(100));

    assertThat(quick.status).isEqualTo(Status.DELIVERED);
    assertThat(slow.status).isEqualTo(Status.PENDING);
  }

  /** What one destination had no room for follows its results, not the clock. */
  @Test
  void backlogOfOneDestinationIsWorkedOffWithoutAPause() {
    DeliveryWorker worker = worker(delivery -> answerAfter(5));
    for (int i = 0; i < 200; i++) {
      queue.add("https://a.example");
    }

    worker.start();
    time.advance(Duration.ofMillis(900)); // before the first poll

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

  /** What it brings is nobody else's for as long as the lease lasts. */
  @Test
  void stopWaitsForAClaimThatIsUnderWay() {
    queue.claimMillis = 500;
    DeliveryWorker worker = worker(delivery -> answerAfter(100));
    MemoryQueue.Entry entry = queue.add("https://a.example");
    worker.start();

    Future<Void> stopped = worker.stop();
    assertThat(stopped.isComplete()).isFalse();
    time.advance(Duration.ofSeconds(1));

    assertThat(stopped.succeeded()).isTrue();
    assertThat(entry.status).isEqualTo(Status.DELIVERED);
  }

  private static Logger logger() {
    return (Logger) LoggerFactory.getLogger(DeliveryWorker.class);
  }

  private DeliveryWorker worker(Courier courier) {
    return worker(CONFIG, courier);
  }

  private DeliveryWorker worker(WebhookConfig config, Courier courier) {
    return new DeliveryWorker(
        UUID.randomUUID(),
        queue,
        delivery -> {
          attemptedAt.add(time.millis);
          return courier.attempt(delivery);
        },
        config,
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

  private Future<Attempt> answerAfter(long millis) {
    Promise<Attempt> attempt = Promise.promise();
    time.later(
        millis,
        () -> attempt.complete(new Attempt(Kind.ANSWERED, 200, "", null, null, millis, Map.of())));
    return attempt.future();
  }

  private static Future<Attempt> notSent() {
    return Future.succeededFuture(new Attempt(Kind.UNSENT, 0, "", "why", null, 1, Map.of()));
  }

  private static Future<Attempt> answer(int status) {
    return Future.succeededFuture(new Attempt(Kind.ANSWERED, status, "", null, null, 1, Map.of()));
  }
}
