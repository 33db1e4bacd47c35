// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.usage;

import static java.util.Objects.requireNonNull;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.maglatch.Await;
import dev.maglatch.fault.Fault;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class UsageRecorderTest {
  private static final Instant HOUR = Instant.parse("2026-02-18T10:00:00Z");
  private static final long NOON = HOUR.plusSeconds(5).toEpochMilli();
  private static final long NEXT_HOUR = NOON + 3_600_000;
  private static final Duration INTERVAL = Duration.ofMinutes(1);

  private static Vertx vertx;

  private final InMemoryUsageStore store = new InMemoryUsageStore();
  private final CountingMetrics metrics = new CountingMetrics();
  private final AtomicLong nanos = new AtomicLong();

  @BeforeAll
  static void start() {
    vertx = Vertx.vertx();
  }

  @AfterAll
  static void stop() {
    Await.result(vertx.close());
  }

  @Test
  void latestUseWinsWithItsAddressAndAgentWhateverTheOrder() {
    UUID key = store.newKey();
    UsageRecorder recorder = recorder(10);

    recorder.touch(key, NOON, "192.0.2.1", "first");
    recorder.touch(key, NOON + 2, "192.0.2.3", "third");
    recorder.touch(key, NOON + 1, "192.0.2.2", "second");
    Await.result(recorder.flush());

    assertThat(store.lastUse(key))
        .isEqualTo(new LastUse(Instant.ofEpochMilli(NOON + 2), "192.0.2.3", "third"));
    assertThat(store.hours(key)).containsExactly(Map.entry(HOUR, 3L));
  }

  @Test
  void requestsAreCountedInTheHourTheyCameIn() {
    UUID key = store.newKey();
    UsageRecorder recorder = recorder(10);
    long turn = HOUR.plusSeconds(3600).toEpochMilli();

    recorder.touch(key, turn - 1, null, null);
    recorder.touch(key, turn, null, null);
    recorder.touch(key, turn + 1, null, null);
    recorder.touch(key, turn - 2, null, null);
    Await.result(recorder.flush());

    assertThat(store.hours(key))
        .containsOnly(Map.entry(HOUR, 2L), Map.entry(HOUR.plusSeconds(3600), 2L));
  }

  @Test
  void agentIsCutAndHasNoControlCharacters() {
    UUID key = store.newKey();
    UsageRecorder recorder = recorder(10);
    String agent = "a\u0000b\nc\u001b[31m\u202e\ud800" + "x".repeat(600);

    recorder.touch(key, NOON, "192.0.2.1", agent);
    Await.result(recorder.flush());

    LastUse use = requireNonNull(store.lastUse(key));
    assertThat(use.userAgent()).hasSize(512).startsWith("a b c [31m  xxx");
  }

  @Test
  void cutNeverSplitsACharacter() {
    assertThat(StoredText.cut("x".repeat(511) + "\ud83d\ude00", 512)).isEqualTo("x".repeat(511));
  }

  @Test
  void keysBeyondTheBoundAreDroppedAndCounted() {
    UUID first = store.newKey();
    UUID second = store.newKey();
    UsageRecorder recorder = recorder(1);

    recorder.touch(first, NOON, null, null);
    recorder.touch(second, NOON, null, null);
    recorder.touch(first, NOON + 1, null, null);
    Await.result(recorder.flush());

    assertThat(metrics.dropped.sum()).isEqualTo(1);
    assertThat(store.lastUse(second)).isNull();
    assertThat(store.hours(first)).containsExactly(Map.entry(HOUR, 2L));

    recorder.touch(second, NOON, null, null);
    Await.result(recorder.flush());

    assertThat(store.lastUse(second)).isNotNull();
  }

  @Test
  void failedFlushKeepsItsDataForTheNextOne() {
    UUID key = store.newKey();
    UsageRecorder recorder = recorder(10);
    store.guardWrites(() -> Future.failedFuture("down"));
    recorder.touch(key, NOON, null, "kept");

    Await.failure(recorder.flush());
    recorder.touch(key, NOON - 1, null, "older");
    store.guardWrites(Future::succeededFuture);
    Await.result(recorder.flush());

    LastUse use = requireNonNull(store.lastUse(key));
    assertThat(use.userAgent()).isEqualTo("kept");
    assertThat(store.hours(key)).containsExactly(Map.entry(HOUR, 2L));
    assertThat(metrics.failures.get()).isEqualTo(1);
    assertThat(metrics.pending).isZero();
  }

  @Test
  void failureDoesNotRepeatWhatWasWritten() {
    UsageRecorder recorder = recorder(10);
    UUID key = store.newKey();
    AtomicInteger calls = new AtomicInteger();
    store.guardWrites(
        () ->
            calls.incrementAndGet() == 2 ? Future.failedFuture("down") : Future.succeededFuture());
    recorder.touch(key, NOON, null, "kept");
    recorder.touch(key, NEXT_HOUR, null, "kept too");

    Await.failure(recorder.flush());
    assertThat(store.hours(key)).containsExactly(Map.entry(HOUR, 1L));
    Await.result(recorder.flush());

    assertThat(store.batchSizes()).containsExactly(1, 1, 1);
    assertThat(store.hours(key))
        .containsOnly(Map.entry(HOUR, 1L), Map.entry(HOUR.plusSeconds(3600), 1L));
    assertThat(requireNonNull(store.lastUse(key)).userAgent()).isEqualTo("kept too");
    assertThat(metrics.pending).isZero();
  }

  /** An outage that lasts hours: the first hours are counted, as far as there is room. */
  @Test
  void hoursOfAnOutageAreBoundedAndTheLastUseIsNot() {
    UsageRecorder recorder = recorder(2);
    UUID key = store.newKey();
    store.guardWrites(() -> Future.failedFuture("down"));
    for (int hour = 0; hour < 6; hour++) {
      recorder.touch(key, NOON + 3_600_000L * hour, null, "hour " + hour);
      Await.failure(recorder.flush());
    }
    store.guardWrites(Future::succeededFuture);

    Await.result(recorder.flush());

    assertThat(store.hours(key)).hasSize(3).containsEntry(HOUR.plusSeconds(2 * 3600), 1L);
    assertThat(metrics.dropped.sum()).isEqualTo(3);
    assertThat(requireNonNull(store.lastUse(key)).userAgent()).isEqualTo("hour 5");
  }

  @Test
  void outageIsBoundedToo() {
    UsageRecorder recorder = recorder(2);
    store.guardWrites(() -> Future.failedFuture("down"));

    for (int round = 0; round < 5; round++) {
      recorder.touch(store.newKey(), NOON, null, null);
      recorder.touch(store.newKey(), NOON, null, null);
      Await.failure(recorder.flush());
    }

    assertThat(metrics.pending).isEqualTo(2);
    assertThat(metrics.dropped.sum()).isEqualTo(8);
  }

  @Test
  void oneFlushIsInFlightAtATimeAndASilentStoreFailsIt() {
    UsageRecorder recorder =
        recorder(new UsageConfig(Duration.ofSeconds(60), Duration.ofMillis(100), 10));
    store.guardWrites(() -> Promise.<Void>promise().future());
    recorder.touch(store.newKey(), NOON, null, null);

    Future<Void> first = recorder.flush();

    assertThat(recorder.flush()).isSameAs(first);
    Await.failure(first);
    assertThat(store.batchSizes()).hasSize(1);
  }

  /** Each holds up whoever shares the processor, and each is a commit. */
  @ParameterizedTest
  @CsvSource({"250, 3, 100", "10000, 100, 100", "30000, 100, 300", "120000, 120, 1000"})
  void batchesAreSmallUnlessThereWouldBeMany(int keys, int batches, int rowsOfTheFirst) {
    UsageRecorder recorder = recorder(keys);
    touchNewKeys(recorder, keys);

    Await.result(recorder.flush());

    assertThat(store.batchSizes()).hasSize(batches).startsWith(rowsOfTheFirst);
    assertThat(store.batchSizes().stream().mapToInt(Integer::intValue).sum()).isEqualTo(keys);
  }

  /** Each batch waits for a disk or a standby: the second half of an interval is for large ones. */
  @Test
  void batchesGrowWhenTheStoreIsSlow() {
    UsageRecorder recorder = recorder(10_000);
    touchNewKeys(recorder, 3_000);
    store.guardWrites(
        () -> {
          nanos.addAndGet(INTERVAL.toNanos() / 10);
          return Future.succeededFuture();
        });

    Await.result(recorder.flush());

    assertThat(store.batchSizes()).containsExactly(100, 100, 100, 100, 100, 100, 1000, 1000, 400);
  }

  @Test
  void lastBatchesAreLarge() {
    UsageRecorder recorder = recorder(10_000);
    touchNewKeys(recorder, 1_500);

    Await.result(recorder.stop());

    assertThat(store.batchSizes()).containsExactly(1000, 500);
  }

  /** A second turn asks for no keys that have had theirs. */
  @Test
  void furtherHoursShareBatches() {
    UsageRecorder recorder = recorder(10_000);
    for (int i = 0; i < 1_000; i++) {
      UUID key = store.newKey();
      recorder.touch(key, NOON, null, null);
      if (i % 50 == 0) {
        recorder.touch(key, NEXT_HOUR, null, null);
      }
    }

    Await.result(recorder.flush());

    assertThat(store.batchSizes()).hasSize(11).endsWith(100, 20);
  }

  @Test
  void timerWritesByItself() {
    UUID key = store.newKey();
    UsageRecorder recorder =
        recorder(new UsageConfig(Duration.ofMillis(10), Duration.ofSeconds(1), 10));
    recorder.start();

    recorder.touch(key, NOON, null, null);
    await().until(() -> store.lastUse(key) != null);
    recorder.touch(key, NOON + 7, null, null);
    await().until(() -> store.hours(key).containsValue(2L));

    Await.result(recorder.stop());
  }

  @Test
  void stopWritesWhatIsLeft() {
    UUID key = store.newKey();
    UsageRecorder recorder = recorder(10);
    recorder.start();
    recorder.touch(key, NOON, null, null);

    Await.result(recorder.stop());

    assertThat(store.lastUse(key)).isNotNull();
  }

  @Test
  void stopSaysHowMuchIsLost() {
    UsageRecorder recorder = recorder(10);
    store.guardWrites(() -> Future.failedFuture("down"));
    recorder.touch(store.newKey(), NOON, null, null);
    recorder.touch(store.newKey(), NOON, null, null);

    assertThat(Await.failure(recorder.stop()))
        .isInstanceOf(Fault.class)
        .hasMessageContaining("keys=2");
  }

  @Test
  void hoursOlderThanNinetyDaysAreRemoved() {
    UUID key = store.newKey();
    Instant kept = HOUR.minus(Duration.ofDays(90));
    for (Instant hour : List.of(kept.minusSeconds(3600), kept, HOUR)) {
      long start = hour.toEpochMilli();
      Await.result(store.add(List.of(new KeyUsage(key, start, null, null, start, 1))));
    }

    Await.result(recorder(10).flush());

    assertThat(store.hours(key)).containsOnlyKeys(kept, HOUR);
  }

  /** Event loops touch the same keys while flushes run: nothing may be lost or counted twice. */
  @Test
  void concurrentTouchesAndFlushesLoseNothing() throws InterruptedException {
    List<UUID> keys = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      keys.add(store.newKey());
    }
    UsageRecorder recorder = recorder(1_000);
    ExecutorService threads = Executors.newFixedThreadPool(4);
    for (int thread = 0; thread < 4; thread++) {
      threads.execute(
          () -> {
            for (int i = 0; i < 100_000; i++) {
              recorder.touch(keys.get(i % 50), NOON + i, null, null);
            }
          });
    }

    threads.shutdown();
    while (!threads.isTerminated()) {
      Await.result(recorder.flush());
    }
    assertThat(threads.awaitTermination(10, SECONDS)).isTrue();
    Await.result(recorder.stop());

    assertThat(keys)
        .allSatisfy(key -> assertThat(store.hours(key)).containsExactly(Map.entry(HOUR, 8_000L)));
    assertThat(metrics.dropped.sum()).isZero();
  }

  private void touchNewKeys(UsageRecorder recorder, int keys) {
    for (int i = 0; i < keys; i++) {
      recorder.touch(store.newKey(), NOON, null, null);
    }
  }

  private UsageRecorder recorder(int maxPendingKeys) {
    return recorder(new UsageConfig(INTERVAL, Duration.ofSeconds(10), maxPendingKeys));
  }

  private UsageRecorder recorder(UsageConfig config) {
    return new UsageRecorder(vertx, store, config, metrics, InstantSource.fixed(HOUR), nanos::get);
  }

  private static final class CountingMetrics implements UsageMetrics {
    private final LongAdder dropped = new LongAdder();
    private final AtomicInteger failures = new AtomicInteger();
    private volatile int pending;

    @Override
    public void dropped(long uses) {
      dropped.add(uses);
    }

    @Override
    public void flushed(long nanos, boolean succeeded) {
      failures.addAndGet(succeeded ? 0 : 1);
    }

    @Override
    public void rowsWritten(int rows) {}

    @Override
    public void pendingKeys(int keys) {
      pending = keys;
    }
  }
}
