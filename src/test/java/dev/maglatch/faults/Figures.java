// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.faults;

import dev.maglatch.faults.Load.Sample;
import dev.maglatch.proxy.RawConnection;
import dev.maglatch.testing.PlainClient;
import dev.maglatch.testing.PlainClient.Answer;
import dev.maglatch.testing.PlainClient.Ending;
import dev.maglatch.testing.TcpRelay;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Measures what three gateways under steady load do when keys are revoked and things break, and
 * prints one table. Judges nothing: the tests beside it do.
 *
 * <p>System properties: {@code figures.outage} seconds without PostgreSQL (10), {@code
 * figures.rounds} of restarts (3), {@code figures.warm-up} seconds before anything is measured, at
 * least 1 (60).
 */
final class Figures implements AutoCloseable {
  private static final List<String> JVM =
      List.of("-Xmx192m", "-XX:+UseSerialGC", "-Dlogback.configurationFile=logback.xml");
  private static final int OUTAGE_SECONDS = Integer.getInteger("figures.outage", 10);
  private static final int ROUNDS = Integer.getInteger("figures.rounds", 3);
  private static final int WARM_UP_SECONDS = Integer.getInteger("figures.warm-up", 60);
  private static final int WARM_UP_REVOKES = 10;
  private static final int REVOKES = 200;
  private static final int REVOKES_WITHOUT_ONE = 20;
  private static final int CHANGES_BY_HAND = 50;
  private static final int CUTS = 10;
  private static final int BLACK_HOLES = 5;
  private static final int CLIENTS = 4;
  private static final Duration PERIOD = Duration.ofMillis(20);
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final String DRAIN_DELAY = "2s";
  private static final Duration MOMENT = Duration.ofMillis(20);
  private static final Predicate<TcpRelay.Link> LISTENS = TcpRelay.having("LISTEN ");

  private final Fleet fleet = Fleet.start(3, Map.of("MAGLATCH_HTTP_DRAIN_DELAY", DRAIN_DELAY), JVM);
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final Table table = new Table();
  private final TestKey steady = fleet.known();
  private final AtomicReference<@Nullable String> hot = new AtomicReference<>();
  private final AtomicInteger turn = new AtomicInteger();

  private Figures() {}

  /** Runs everything and prints the table to standard output. */
  public static void main(String[] none) {
    try (Figures figures = new Figures()) {
      try {
        figures.measure();
      } finally {
        System.out.println(figures.table);
      }
    }
  }

  @Override
  public void close() {
    threads.shutdownNow();
    fleet.close();
  }

  private void measure() {
    warmUp();
    revokes();
    byHand();
    brokenFeed("LISTEN cut, change by hand: until refused there", CUTS, this::cut);
    brokenFeed("LISTEN black-holed, change by hand: until refused there", BLACK_HOLES, this::hole);
    oneKilled();
    onePaused();
    outage();
    restarts("SIGTERM, clients behind a readiness probe", ROUNDS, true, true);
    restarts("SIGTERM, clients that ask nobody", ROUNDS, true, false);
    restarts("SIGKILL, clients behind a readiness probe", 1, false, true);
  }

  /**
   * Loads the gateways and revokes keys, so that they have compiled what they run: compilers that
   * work on all cores would be measured otherwise.
   */
  private void warmUp() {
    List<Double> rounds = new ArrayList<>();
    long begun = System.nanoTime();
    while (System.nanoTime() - begun < Duration.ofSeconds(WARM_UP_SECONDS).toNanos()) {
      rounds.add(revokeSome());
    }
    table.add(
        "warm-up",
        List.of(System.nanoTime() - begun),
        "a revoke and a request took %.1f ms at first, %.1f ms at last"
            .formatted(rounds.get(0), rounds.get(rounds.size() - 1)));
  }

  /** Returns the median time of a revoke and the requests beside it, in milliseconds. */
  private double revokeSome() {
    List<Long> times = new ArrayList<>();
    try (Load load = load()) {
      for (TestKey key : warmed(WARM_UP_REVOKES)) {
        hot.set(key.token());
        Lengths.pass(MOMENT);
        Answer answer = fleet.revoke(times.size() % 3, key);
        times.add(answer.endedNanos() - answer.sentNanos());
        Lengths.pass(MOMENT);
      }
      hot.set(null);
      List<Long> requests = times(load.stop().stream().map(Sample::answer).toList());
      return (median(times) + median(requests)) / 1e6;
    }
  }

  private static long median(List<Long> times) {
    return times.stream().sorted().skip(times.size() / 2).findFirst().orElse(0L);
  }

  private void revokes() {
    Map<String, Long> ended = new ConcurrentHashMap<>();
    List<Long> times = new ArrayList<>();
    List<TestKey> keys = warmed(REVOKES);
    try (Load load = load()) {
      for (int i = 0; i < keys.size(); i++) {
        TestKey key = keys.get(i);
        hot.set(key.token());
        Lengths.pass(MOMENT);
        Answer answer = fleet.revoke(i % 3, key);
        require(answer.status() == 200, "revoke answered " + answer.status());
        times.add(answer.endedNanos() - answer.sentNanos());
        ended.put(key.token(), answer.endedNanos());
        Lengths.pass(MOMENT);
      }
      hot.set(null);
      List<Sample> samples = load.stop();
      List<Sample> after =
          samples.stream()
              .filter(sample -> ended.containsKey(sample.token()))
              .filter(sample -> sample.answer().sentNanos() > end(ended, sample))
              .toList();
      table.add(
          "revoke, all healthy: answer",
          times,
          "admitted afterwards %d of %d; %s"
              .formatted(
                  after.stream().filter(Sample::admitted).count(), after.size(), others(samples)));
    }
  }

  private void byHand() {
    List<Long> times = new ArrayList<>();
    try (Load load = load()) {
      for (TestKey key : warmed(CHANGES_BY_HAND)) {
        List<CompletableFuture<Long>> seen =
            fleet.replicas().stream().map(replica -> refused(replica, key)).toList();
        fleet.keys().revokeByHand(key);
        long committed = System.nanoTime();
        long last = seen.stream().mapToLong(CompletableFuture::join).max().orElseThrow();
        times.add(Math.max(0, last - committed));
      }
      table.add("change by hand: until every replica refuses", times, others(load.stop()));
    }
  }

  private void brokenFeed(String what, int rounds, Runnable damage) {
    List<Long> times = new ArrayList<>();
    try (Load load = load()) {
      for (TestKey key : warmed(rounds)) {
        damage.run();
        fleet.keys().revokeByHand(key);
        long committed = System.nanoTime();
        times.add(refused(fleet.replica(1), key).join() - committed);
        fleet.replica(1).awaitReady();
      }
      table.add(what, times, others(load.stop()));
    }
  }

  private void cut() {
    fleet.relay(1).cut(LISTENS);
  }

  private void hole() {
    fleet.relay(1).swallow(LISTENS);
  }

  private void oneKilled() {
    List<TestKey> keys = warmed(REVOKES_WITHOUT_ONE);
    List<GatewayJvm> live = List.of(fleet.replica(0), fleet.replica(2));
    try (Load load = Load.onEach(live, CLIENTS, PERIOD, steady::token)) {
      fleet.replica(1).kill();
      List<Answer> answers = revokeAtOnce(keys);
      long admitted =
          live.stream()
              .flatMap(replica -> keys.stream().map(key -> replica.get(key.token())))
              .filter(answer -> answer.status() == 200)
              .count();
      table.add(
          "revoke, one replica killed: answer",
          times(answers),
          "admitted afterwards %d of %d; %s"
              .formatted(admitted, 2 * keys.size(), others(load.stop())));
    }
    fleet.restore();
  }

  /** Its first requests lie in its sockets before it wakes. */
  private void onePaused() {
    List<TestKey> keys = warmed(REVOKES_WITHOUT_ONE);
    GatewayJvm sleeper = fleet.replica(1);
    List<RawConnection> first =
        keys.stream().map(key -> new RawConnection(sleeper.port())).toList();
    List<GatewayJvm> live = List.of(fleet.replica(0), fleet.replica(2));
    try (Load load = Load.onEach(live, CLIENTS, PERIOD, steady::token)) {
      for (int i = 0; i < keys.size(); i++) {
        ask(first.get(i), keys.get(i)).read();
      }
      sleeper.pause();
      List<Answer> answers = revokeAtOnce(keys);
      for (int i = 0; i < keys.size(); i++) {
        ask(first.get(i), keys.get(i));
      }
      sleeper.resume();
      long refused = first.stream().filter(one -> one.read().status() == 401).count();
      table.add(
          "revoke, one replica paused: answer",
          times(answers),
          "first requests of the woken one: %d of %d are 401; %s"
              .formatted(refused, keys.size(), others(load.stop())));
    }
    first.forEach(RawConnection::close);
    fleet.restore();
  }

  private void outage() {
    TestKey unknown = fleet.keys().key();
    try (Load load = load()) {
      long lost = System.nanoTime();
      fleet.database().kill();
      int undecided = 0;
      int asked = 0;
      for (; System.nanoTime() - lost < Duration.ofSeconds(OUTAGE_SECONDS).toNanos(); asked++) {
        if (fleet.replica(asked % 3).get(unknown.token()).status() == 503) {
          undecided++;
        }
        Lengths.pass(MOMENT);
      }
      fleet.database().start();
      long back = System.nanoTime();
      List<CompletableFuture<Long>> normal =
          fleet.replicas().stream().map(replica -> normal(replica, unknown)).toList();
      List<Long> times = normal.stream().map(CompletableFuture::join).map(at -> at - back).toList();
      table.add(
          "PostgreSQL killed for " + OUTAGE_SECONDS + " s: until a replica is normal",
          times,
          "unknown key 503 %d of %d; %s".formatted(undecided, asked, others(load.stop())));
    }
  }

  private void restarts(String how, int rounds, boolean orderly, boolean probed) {
    TestKey key = fleet.known();
    List<Long> exits = new ArrayList<>();
    try (Load load = probed ? probed(key) : inTurn(key)) {
      for (int round = 0; round < rounds; round++) {
        for (GatewayJvm replica : fleet.replicas()) {
          long begun = System.nanoTime();
          end(replica, orderly);
          exits.add(System.nanoTime() - begun);
          replica.start().awaitReady();
        }
      }
      List<Sample> samples = load.stop();
      long admitted = samples.stream().filter(Sample::admitted).count() + fleet.replicas().size();
      table.add(
          how + ": until the process has ended",
          exits,
          "of %d requests %d not accepted, %d kept connections ended, %d broken, %d other; used %d, recorded %d"
              .formatted(
                  samples.size(),
                  ended(samples, Ending.REFUSED),
                  ended(samples, Ending.STALE),
                  ended(samples, Ending.BROKEN),
                  ended(samples, Ending.ANSWERED) - admitted + fleet.replicas().size(),
                  admitted,
                  recorded(key)));
    }
  }

  private Load probed(TestKey key) {
    return Load.probed(fleet.replicas(), 3 * CLIENTS, PERIOD, key::token);
  }

  private Load inTurn(TestKey key) {
    return Load.inTurn(fleet.replicas(), 3 * CLIENTS, PERIOD, key::token);
  }

  private static void end(GatewayJvm replica, boolean orderly) {
    if (!orderly) {
      replica.kill();
      return;
    }
    try {
      require(replica.stop() == 0, "exit code");
    } catch (InterruptedException stopped) {
      throw new IllegalStateException(stopped);
    }
  }

  /** Usage is written once a second: the sum counts when it has not moved for three. */
  private long recorded(TestKey key) {
    String sum =
        "SELECT coalesce(sum(requests), 0) FROM key_usage_hours WHERE key_id = '" + key.id() + "'";
    String before = "";
    for (String now = fleet.database().query(sum);
        !now.equals(before);
        now = fleet.database().query(sum)) {
      before = now;
      Lengths.pass(Duration.ofSeconds(3));
    }
    return Long.parseLong(before);
  }

  /** Load on every replica, half of it with the key that is to be revoked, if there is one. */
  private Load load() {
    return Load.onEach(fleet.replicas(), CLIENTS, PERIOD, this::nextToken);
  }

  private String nextToken() {
    String token = hot.get();
    return token == null || turn.incrementAndGet() % 2 == 0 ? steady.token() : token;
  }

  /** Makes keys that every replica has verified. */
  private List<TestKey> warmed(int count) {
    List<TestKey> keys = fleet.keys().keys(count);
    for (GatewayJvm replica : fleet.replicas()) {
      try (PlainClient client = replica.client()) {
        for (TestKey key : keys) {
          Fleet.await(PATIENCE, () -> client.get("/", key.token()).status() == 200);
        }
      }
    }
    return keys;
  }

  /** Revokes all, on the first and the third replica, one a twentieth of a second after another. */
  private List<Answer> revokeAtOnce(List<TestKey> keys) {
    List<CompletableFuture<Answer>> all = new ArrayList<>();
    for (TestKey key : keys) {
      int replica = all.size() % 2 * 2;
      all.add(CompletableFuture.supplyAsync(() -> fleet.revoke(replica, key), threads));
      Lengths.pass(Duration.ofMillis(50));
    }
    List<Answer> answers = all.stream().map(CompletableFuture::join).toList();
    require(answers.stream().allMatch(answer -> answer.status() == 200), "revoke: " + answers);
    return answers;
  }

  /** Asks again and again, and returns when the first refusal had come. */
  private CompletableFuture<Long> refused(GatewayJvm replica, TestKey key) {
    return CompletableFuture.supplyAsync(
        () -> {
          try (PlainClient client = replica.client()) {
            for (Answer answer = client.get("/", key.token());
                answer.status() == 200;
                answer = client.get("/", key.token())) {
              Lengths.pass(Duration.ofMillis(1));
            }
          }
          return System.nanoTime();
        },
        threads);
  }

  private CompletableFuture<Long> normal(GatewayJvm replica, TestKey key) {
    return CompletableFuture.supplyAsync(
        () -> {
          Fleet.await(
              PATIENCE, () -> replica.get(key.token()).status() == 200 && replica.healthy());
          return System.nanoTime();
        },
        threads);
  }

  private static RawConnection ask(RawConnection connection, TestKey key) {
    return connection.send(
        "GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer " + key.token() + "\r\n\r\n");
  }

  private static long end(Map<String, Long> ended, Sample sample) {
    return ended.getOrDefault(sample.token(), Long.MAX_VALUE);
  }

  private static List<Long> times(List<Answer> answers) {
    return answers.stream().map(answer -> answer.endedNanos() - answer.sentNanos()).toList();
  }

  private static long ended(List<Sample> samples, Ending how) {
    return samples.stream().filter(sample -> sample.answer().ending() == how).count();
  }

  /** What became of the requests with the key that nobody revokes. */
  private String others(List<Sample> samples) {
    List<Sample> good =
        samples.stream().filter(sample -> sample.token().equals(steady.token())).toList();
    long failed = good.stream().filter(sample -> !sample.admitted()).count();
    return "other requests failed %d of %d".formatted(failed, good.size());
  }

  private static void require(boolean condition, String what) {
    if (!condition) {
      throw new IllegalStateException(what);
    }
  }
}
