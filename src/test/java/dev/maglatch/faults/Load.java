// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.faults;

import dev.maglatch.testing.PlainClient;
import dev.maglatch.testing.PlainClient.Answer;
import dev.maglatch.testing.PlainClient.Ending;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;

/** Clients that send one request after another at a steady pace, until they are stopped. */
final class Load implements AutoCloseable {
  private static final int PATIENCE_MILLIS = 15_000;
  private static final long PROBE_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

  private final List<Integer> ports;
  private final List<AtomicBoolean> eligible;
  private final Supplier<String> token;
  private final long periodNanos;
  private final boolean balanced;
  private final int attempts;
  private final Queue<Sample> samples = new ConcurrentLinkedQueue<>();
  private final List<Thread> threads = new ArrayList<>();
  private volatile boolean stopped;

  private Load(
      List<GatewayJvm> replicas,
      Supplier<String> token,
      Duration period,
      boolean balanced,
      int attempts) {
    this.ports = replicas.stream().map(GatewayJvm::port).toList();
    this.eligible = replicas.stream().map(replica -> new AtomicBoolean(true)).toList();
    this.token = token;
    this.periodNanos = period.toNanos();
    this.balanced = balanced;
    this.attempts = attempts;
  }

  /**
   * One request.
   *
   * @param replica index of the replica that ended it
   * @param moved how many replicas were tried before, because they did not accept or had just
   *     closed a kept connection
   */
  record Sample(int replica, String token, Answer answer, int moved) {
    boolean admitted() {
      return answer.status() == 200;
    }
  }

  /**
   * Starts {@code clients} clients for each replica, each of which stays with it.
   *
   * @param period of one client, from one request to the next
   */
  static Load onEach(
      List<GatewayJvm> replicas, int clients, Duration period, Supplier<String> token) {
    Load load = new Load(replicas, token, period, false, 1);
    for (int i = 0; i < clients * replicas.size(); i++) {
      load.begin(i);
    }
    return load;
  }

  /**
   * Starts clients behind a round-robin, which takes the next replica when one does not accept, or
   * closes a kept connection without an answer, as load balancers do.
   */
  static Load balanced(
      List<GatewayJvm> replicas, int clients, Duration period, Supplier<String> token) {
    return begun(new Load(replicas, token, period, true, replicas.size()), clients);
  }

  /**
   * Starts clients that take one replica after another in turn, and never a second for the same.
   */
  static Load inTurn(
      List<GatewayJvm> replicas, int clients, Duration period, Supplier<String> token) {
    return begun(new Load(replicas, token, period, true, 1), clients);
  }

  /**
   * Starts clients behind a load balancer that asks each replica ten times a second whether it is
   * ready, gives requests to those in turn that are, and sends none a second time.
   */
  static Load probed(
      List<GatewayJvm> replicas, int clients, Duration period, Supplier<String> token) {
    Load load = new Load(replicas, token, period, true, 1);
    for (int i = 0; i < replicas.size(); i++) {
      load.probe(replicas.get(i), load.eligible.get(i));
    }
    return begun(load, clients);
  }

  /** Returns what has ended so far. */
  List<Sample> samples() {
    return List.copyOf(samples);
  }

  /** Stops, waits for requests in flight and returns all that has ended. */
  List<Sample> stop() {
    stopped = true;
    for (Thread thread : threads) {
      try {
        thread.join(TimeUnit.SECONDS.toMillis(60));
      } catch (InterruptedException interrupted) {
        throw new IllegalStateException(interrupted);
      }
    }
    return samples();
  }

  @Override
  public void close() {
    stop();
  }

  private static Load begun(Load load, int clients) {
    for (int i = 0; i < clients; i++) {
      load.begin(i);
    }
    return load;
  }

  private void probe(GatewayJvm replica, AtomicBoolean ready) {
    begin(
        "probe-" + replica.port(),
        () -> {
          while (!stopped) {
            ready.set(replica.ops("/readyz").status() == 200);
            LockSupport.parkNanos(PROBE_NANOS);
          }
        });
  }

  private void begin(int number) {
    begin("load-" + number, () -> run(number));
  }

  private void begin(String name, Runnable work) {
    Thread thread = new Thread(work, name);
    thread.setDaemon(true);
    threads.add(thread);
    thread.start();
  }

  private void run(int number) {
    List<PlainClient> clients =
        ports.stream().map(port -> new PlainClient(port, PATIENCE_MILLIS)).toList();
    long next = System.nanoTime() + periodNanos * number / 16;
    for (int turn = number; !stopped; turn += balanced ? 1 : 0) {
      turn = nextEligible(turn);
      samples.add(send(clients, turn % clients.size(), token.get()));
      next = Math.max(next + periodNanos, System.nanoTime() - periodNanos);
      for (long now = System.nanoTime(); now - next < 0; now = System.nanoTime()) {
        LockSupport.parkNanos(next - now);
      }
    }
    clients.forEach(PlainClient::close);
  }

  /** The first turn from {@code turn} on whose replica may get it; itself if there is none. */
  private int nextEligible(int turn) {
    for (int i = 0; i < eligible.size(); i++) {
      if (eligible.get((turn + i) % eligible.size()).get()) {
        return turn + i;
      }
    }
    return turn;
  }

  private Sample send(List<PlainClient> clients, int first, String bearer) {
    for (int moved = 0; ; moved++) {
      int replica = (first + moved) % clients.size();
      clients.get(replica).dropIfEnded();
      Answer answer = clients.get(replica).get("/", bearer);
      boolean elsewhere = answer.ending() == Ending.REFUSED || answer.ending() == Ending.STALE;
      if (!elsewhere || moved + 1 >= attempts) {
        return new Sample(replica, bearer, answer, moved);
      }
    }
  }
}
