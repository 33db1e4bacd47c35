// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.simulation;

import static dev.maglatch.simulation.World.MILLI;
import static dev.maglatch.simulation.World.SECOND;

import dev.maglatch.Wiring;
import dev.maglatch.cluster.Change;
import dev.maglatch.cluster.ChangeFeed;
import dev.maglatch.cluster.ClusterConfig;
import dev.maglatch.cluster.ClusterMetrics;
import dev.maglatch.cluster.DatabaseClock;
import dev.maglatch.cluster.Evictions;
import dev.maglatch.cluster.Lease;
import dev.maglatch.cluster.Loop;
import dev.maglatch.cluster.Renewal;
import dev.maglatch.cluster.Replica;
import dev.maglatch.cluster.Revocation;
import dev.maglatch.key.TokenHash;
import dev.maglatch.verify.CacheConfig;
import dev.maglatch.verify.ChangeClock;
import dev.maglatch.verify.KeyStore;
import dev.maglatch.verify.KeyVerifier;
import dev.maglatch.verify.StoredKey;
import dev.maglatch.verify.Trust;
import dev.maglatch.verify.Verdict;
import dev.maglatch.verify.VerifyMetrics;
import io.vertx.core.Future;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** One process: the real classes on a simulated thread, clock and network. */
final class Gateway {
  static final ClusterConfig CLUSTER =
      new ClusterConfig(Duration.ofMillis(1_200), Duration.ofMillis(400), 8);
  static final CacheConfig CACHE = cache(Duration.ofSeconds(8)); // keys are renewed from 4 s on
  private static final CacheConfig SHORT_LIVED = cache(Duration.ofSeconds(2)); // and outlive it
  private static final String CLIENT = "192.0.2.1";

  final World world;
  final ChangeFeed.Member self;
  final Lease lease;
  final Replica replica;
  final Revocation revocation;
  private final Database database;
  private final Keys keys;
  private final @Nullable Mutation broken;
  private final KeyVerifier verifier;
  private final Link feed;
  private final Link revoker;
  private final Link lookups;
  private final Link pool;
  private final double rate; // of this machine's monotonic clock
  private final long bootNanos;
  private final Deque<Runnable> soon = new ArrayDeque<>();
  private final Map<TokenHash, Integer> lookupsInFlight = new HashMap<>();
  private final Map<TokenHash, Future<Optional<StoredKey>>> sharedLookups = new HashMap<>();
  private Runnable notified = () -> {};
  private boolean dead;
  private boolean serving = true;
  private boolean servedStale;
  private boolean lookupFailed;
  private boolean leaseFlag;
  private long lastAnswerTook;
  private long pausedUntil;
  private long unreachableUntil;
  private long disturbedUntil;
  private long pauseBegan;
  private long pauseBeforeEnded;
  private long otherTroubleUntil;

  Gateway(World world, Database database, Keys keys, @Nullable Mutation broken) {
    this.world = world;
    this.database = database;
    this.keys = keys;
    this.broken = broken;
    this.rate = 1 + (world.between(-30, 31) / 1000.0);
    this.bootNanos = world.anyLong() >> 2;
    this.self = new ChangeFeed.Member(new UUID(world.anyLong(), world.anyLong()), "simulated");
    long timeout = CLUSTER.renewalTimeout().toMillis();
    this.feed = new Link(world, database, this, timeout, () -> notified.run());
    this.revoker = new Link(world, database, this, timeout, null);
    this.lookups = new Link(world, database, this, timeout, null);
    this.pool = new Link(world, database, this, 2 * timeout, null);
    CacheConfig cache = world.chance(0.25) ? SHORT_LIVED : CACHE;
    ChangeClock changes = new ChangeClock();
    this.lease = new Lease(CLUSTER.lease(), evictions(Wiring.evictions(changes)));
    DatabaseClock clock =
        new DatabaseClock(() -> Instant.ofEpochSecond(0, world.now()), this::nanoTime);
    this.replica =
        new Replica(
            loop(), new Feed(), lease, clock, self, CLUSTER, this::nanoTime, ClusterMetrics.NONE);
    Duration wait =
        broken == Mutation.REVOKER_WAITS_TOO_SHORT ? CLUSTER.lease().dividedBy(2) : CLUSTER.lease();
    this.revocation =
        new Revocation(
            loop(), new Feed(), replica::renewNow, wait, this::nanoTime, ClusterMetrics.NONE);
    this.verifier =
        new KeyVerifier(
            keys.tokens(),
            new Store(),
            changes,
            trust(Wiring.trust(lease, cache)),
            new KeyVerifier.Times(clock, this::nanoTime),
            cache,
            false,
            new Noting());
  }

  private static CacheConfig cache(Duration ttl) {
    return new CacheConfig(
        100, ttl, Duration.ofSeconds(30), CacheConfig.OnDatabaseLoss.SERVE, Duration.ofSeconds(3));
  }

  /** This machine's monotonic clock. */
  long nanoTime() {
    return bootNanos + (long) (world.now() * rate);
  }

  String name() {
    return Long.toHexString(self.id().getMostSignificantBits() >>> 48);
  }

  boolean serving() {
    return serving && !dead;
  }

  boolean dead() {
    return dead;
  }

  void start() {
    replica.start();
  }

  /**
   * What became of one request.
   *
   * @param verdict null: could not decide
   * @param servedStale admitted without trust, by rule 7
   * @param unasked no answer of the database was to be had
   */
  record Decided(@Nullable Verdict verdict, boolean servedStale, boolean unasked) {}

  /** Handles one request. */
  void request(int key, Consumer<Decided> decided) {
    servedStale = false;
    lookupFailed = false;
    verifier
        .decide(keys.token(key), CLIENT)
        .onComplete(
            verdict -> {
              boolean stale = servedStale;
              boolean failed = lookupFailed;
              servedStale = false;
              decided.accept(
                  new Decided(verdict.succeeded() ? verdict.result() : null, stale, failed));
            });
  }

  /** Commits a change over the management pool. */
  Future<Map<Integer, Integer>> change(
      Map<Integer, UnaryOperator<Database.KeyRow>> changes, Change named) {
    return pool.send(session -> database.change(changes, named));
  }

  // What happens to a process

  void kill() {
    dead = true;
    serving = false;
    List.of(feed, revoker, lookups, pool).forEach(Link::vanish);
  }

  /** Closes the servers, then leaves (rule 6). */
  void stop() {
    if (broken == Mutation.LEAVES_BEFORE_CLOSING) {
      new Feed().leave(self);
      world.after(world.between(0, 300 * MILLI), this::closeAndLeave);
    } else {
      closeAndLeave();
    }
  }

  private void closeAndLeave() {
    serving = false;
    replica.stop().onComplete(left -> kill());
  }

  void pause(long nanos) {
    pauseBeforeEnded = pausedUntil;
    pauseBegan = world.now();
    pausedUntil = Math.max(pausedUntil, world.now() + nanos);
    disturbedUntil = Math.max(disturbedUntil, pausedUntil);
  }

  /** No packet passes for a while; what was sent is sent again. */
  void unreachable(long nanos) {
    unreachableUntil = Math.max(unreachableUntil, world.now() + nanos);
    disturbed(nanos);
  }

  /** Breaks every connection; both sides are told, and this one makes new ones. */
  void cut() {
    disturbedUntil = Math.max(disturbedUntil, world.now());
    List.of(feed, revoker, lookups, pool).forEach(Link::cut);
  }

  /** Notes that until then, and a little longer, the database may seem lost here. */
  void disturbed(long nanos) {
    disturbedUntil = Math.max(disturbedUntil, world.now() + nanos);
    otherTroubleUntil = Math.max(otherTroubleUntil, world.now() + nanos);
  }

  /** Whether a pause of this process is all that was wrong lately. */
  boolean onlySlept() {
    long quietSince = Math.max(pauseBeforeEnded, otherTroubleUntil);
    return pauseBegan - quietSince > probeNanos();
  }

  /** For how long nothing has been wrong between this process and the database. */
  long calmFor() {
    return world.now() - disturbedUntil;
  }

  // The thread

  /** Runs {@code work} on the process's thread: now, or when it wakes. */
  void onThread(Runnable work) {
    if (dead) {
      return;
    }
    if (world.now() < pausedUntil) {
      world.at(pausedUntil + world.between(0, MILLI), () -> onThread(work));
    } else {
      work.run();
    }
  }

  void later(long millis, Runnable work) {
    world.after((long) (millis * MILLI / rate), () -> onThread(work));
  }

  /** Returns when a packet sent now arrives. */
  long arrival() {
    long latency = world.delay(MILLI, 60 * MILLI, 0.05);
    return world.now() < unreachableUntil
        ? unreachableUntil + world.between(0, 200 * MILLI)
        : world.now() + latency;
  }

  private Loop loop() {
    return new Loop() {
      @Override
      public void run(Runnable work) {
        soon.add(work);
        world.after(world.between(0, MILLI / 10), () -> onThread(() -> soon.remove().run()));
      }

      @Override
      public Runnable later(long millis, Runnable work) {
        boolean[] cancelled = new boolean[1];
        Gateway.this.later(
            millis,
            () -> {
              if (!cancelled[0]) {
                work.run();
              }
            });
        return () -> cancelled[0] = true;
      }
    };
  }

  // The ports, and where they can be broken

  private Evictions evictions(Evictions real) {
    return new Evictions() {
      @Override
      public void changed(Change change) {
        if (broken == Mutation.LOADS_IN_FLIGHT_OVERLOOKED && inFlight(change)) {
          return;
        }
        if (broken == Mutation.ACKNOWLEDGE_BEFORE_EVICTING) {
          later(world.between(1, 40), () -> real.changed(change));
          return;
        }
        real.changed(change);
      }

      @Override
      public void everythingChanged() {
        real.everythingChanged();
      }
    };
  }

  private boolean inFlight(Change change) {
    return (change.oldHash() != null && lookupsInFlight.getOrDefault(change.oldHash(), 0) > 0)
        || (change.newHash() != null && lookupsInFlight.getOrDefault(change.newHash(), 0) > 0);
  }

  private Trust trust(Trust real) {
    return new Trust() {
      @Override
      public Level level(long nanoTime) {
        if (broken == Mutation.LEASE_FROM_ANSWER) {
          return real.level(nanoTime - lastAnswerTook);
        }
        if (broken == Mutation.LEASE_ENDED_BY_TIMER && leaseFlag) {
          return Level.TRUSTED;
        }
        return real.level(nanoTime);
      }

      @Override
      public boolean servesWithoutDatabase(long nanoTime, long maxStaleNanos) {
        return real.servesWithoutDatabase(nanoTime, maxStaleNanos);
      }
    };
  }

  private final class Noting implements VerifyMetrics {
    @Override
    public void servedStale() {
      servedStale = true;
    }

    @Override
    public void loaded(long nanos, boolean answered) {
      lookupFailed = !answered; // who waits for it is told at once
    }
  }

  private final class Store implements KeyStore {
    @Override
    public Future<Optional<StoredKey>> find(List<TokenHash> candidates) {
      TokenHash hash = candidates.get(0);
      Future<Optional<StoredKey>> shared = sharedLookups.get(hash);
      if (broken == Mutation.OLD_QUERY_SHARED && shared != null && !shared.isComplete()) {
        return shared;
      }
      int key = keys.numberOf(hash);
      lookupsInFlight.merge(hash, 1, Integer::sum);
      Future<Optional<StoredKey>> found =
          lookups
              .sendSteadily(session -> database.find(key))
              .onComplete(done -> lookupsInFlight.merge(hash, -1, Integer::sum))
              .map(row -> keys.stored(key, row));
      sharedLookups.put(hash, found);
      return found;
    }

    @Override
    public Future<Void> rehash(UUID keyId, TokenHash from, TokenHash to, String pepper) {
      return Future.succeededFuture();
    }
  }

  /** The real port over simulated connections. */
  private final class Feed implements ChangeFeed {
    @Override
    public Future<Void> listen(Runnable onNotification) {
      notified = onNotification;
      return feed.open();
    }

    @Override
    public Future<Renewal> renew(Member member, Position applied, Duration time, int maxChanges) {
      long sent = nanoTime();
      return feed.sendSteadily(
              session -> database.renew(member, applied, time.toNanos(), maxChanges))
          .onSuccess(answer -> answered(nanoTime() - sent))
          .onFailure(late -> failed());
    }

    private void failed() {
      if (broken == Mutation.LOST_AFTER_A_PAUSE) {
        lease.renewalFailed();
      }
    }

    private void answered(long took) {
      lastAnswerTook = took;
      leaseFlag = true;
      long flagged = world.now();
      lastFlagged = flagged;
      later(
          CLUSTER.lease().toMillis() - took / MILLI,
          () -> leaseFlag = leaseFlag && lastFlagged != flagged);
    }

    @Override
    public Future<Void> acknowledge(Member member, long applied) {
      return feed.sendSteadily(session -> database.acknowledge(member, applied));
    }

    @Override
    public Future<Void> leave(Member member) {
      return feed.sendSteadily(session -> database.leave(member));
    }

    @Override
    public Future<Long> newestChangeOf(List<UUID> entities) {
      return broken == Mutation.REVOKER_DOES_NOT_WAIT
          ? Future.succeededFuture(0L)
          : revoker.sendSteadily(session -> database.newestChangeOf(entities));
    }

    @Override
    public Future<Holders> holders(Duration grace) {
      return broken == Mutation.REVOKER_DOES_NOT_WAIT
          ? Future.succeededFuture(new Holders(true, List.of()))
          : revoker.sendSteadily(session -> database.holders(grace.toNanos()));
    }

    @Override
    public Future<Void> prune(Duration keep) {
      return Future.succeededFuture(); // the schedule prunes, and sooner
    }
  }

  private long lastFlagged;

  static long probeNanos() {
    return CLUSTER.renewal().toNanos() + SECOND;
  }
}
