// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.benchmarks;

import dev.maglatch.usage.KeyUsage;
import dev.maglatch.usage.UsageConfig;
import dev.maglatch.usage.UsageMetrics;
import dev.maglatch.usage.UsageRecorder;
import dev.maglatch.usage.UsageStore;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** What noting one use costs a request. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class UsageBenchmark {
  private static final int KEYS = 10_000;

  private final Vertx vertx = Vertx.vertx();
  private final UsageRecorder recorder =
      new UsageRecorder(
          vertx,
          new Discarding(),
          UsageConfig.DEFAULT,
          UsageMetrics.NONE,
          InstantSource.system(),
          System::nanoTime);
  private List<UUID> keys = List.of();
  private int at;

  @Setup
  public void begin() {
    keys = Stream.generate(UUID::randomUUID).limit(KEYS).toList();
    recorder.start();
  }

  @TearDown
  public void end() {
    vertx.close().toCompletionStage().toCompletableFuture().join();
  }

  @Benchmark
  public void touchOneOfManyKeys() {
    at = at + 1 == KEYS ? 0 : at + 1;
    recorder.touch(keys.get(at), System.currentTimeMillis(), Fixture.ADDRESS, "benchmark");
  }

  @Benchmark
  public void touchOneKey() {
    recorder.touch(keys.get(0), System.currentTimeMillis(), Fixture.ADDRESS, "benchmark");
  }

  private static final class Discarding implements UsageStore {
    @Override
    public Future<Void> add(List<KeyUsage> usage) {
      return Future.succeededFuture();
    }

    @Override
    public Future<Integer> removeHoursBefore(Instant hour, int limit) {
      return Future.succeededFuture(0);
    }
  }
}
