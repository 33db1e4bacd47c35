// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.simulation;

import static dev.maglatch.simulation.World.MILLI;
import static dev.maglatch.simulation.World.SECOND;

import dev.maglatch.cluster.Change;
import dev.maglatch.cluster.Change.Entity;
import dev.maglatch.cluster.ChangeFeed.Acknowledged;
import dev.maglatch.cluster.ChangeFeed.Holders;
import dev.maglatch.cluster.ChangeFeed.Member;
import dev.maglatch.cluster.ChangeFeed.Position;
import dev.maglatch.cluster.Renewal;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.BiFunction;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * PostgreSQL, as far as the protocol can see it: what is locked, seen and committed when.
 *
 * <p>The statements are those of PgChangeFeed and V2__change_feed.sql, step by step. Each step
 * happens at an instant of its own, so that anything may come between.
 */
final class Database {
  private static final long DAY = 86_400 * SECOND;

  private final World world;
  private final @Nullable Mutation broken;
  private final List<Session> sessions = new ArrayList<>();
  private final Map<UUID, Lock> locks = new HashMap<>();
  private State state = new State();
  private State flushed = new State();
  private State standby = new State();
  private boolean up = true;
  private int timeline = 1;
  private int epoch; // steps of an earlier epoch died in a crash
  private boolean slow;
  private final Map<UUID, Runnable> slowReplicas = new HashMap<>();
  private int pendingNumbers;
  private BiFunction<Long, Map<Integer, KeyRow>, Map<Integer, Integer>> onCommit =
      (number, changed) -> Map.of();

  Database(World world, @Nullable Mutation broken) {
    this.world = world;
    this.broken = broken;
    replicate();
  }

  /** A row of the table replicas, as committed. */
  private record Row(long applied, long leaseUntil) {}

  /** A committed change; with numbers drawn early it may become visible later than a higher one. */
  private record Logged(Change change, long at) {}

  /** What a crash or a failover may take back. */
  private static final class State {
    private final Map<UUID, Row> rows = new TreeMap<>();
    private final List<Logged> log = new ArrayList<>();
    private final Map<Integer, KeyRow> keys = new TreeMap<>();
    private long pruned;
    private String history = "server/1";
    private long historySince = Long.MIN_VALUE / 2;

    State copy() {
      State copy = new State();
      copy.rows.putAll(rows);
      copy.log.addAll(log);
      copy.keys.putAll(keys);
      copy.pruned = pruned;
      copy.history = history;
      copy.historySince = historySince;
      return copy;
    }

    long newest() {
      long newest = pruned;
      for (Logged logged : log) {
        newest = Math.max(newest, logged.change().number());
      }
      return newest;
    }
  }

  /** A key as its row and its owner's say. */
  record KeyRow(boolean present, boolean revoked, boolean ownerDisabled) {
    static final KeyRow GOOD = new KeyRow(true, false, false);

    KeyRow toggleRevoked() {
      return new KeyRow(true, !revoked, ownerDisabled);
    }

    KeyRow togglePresent() {
      return new KeyRow(!present, false, ownerDisabled);
    }

    KeyRow toggleOwner() {
      return new KeyRow(present, revoked, !ownerDisabled);
    }

    boolean admitted() {
      return present && !revoked && !ownerDisabled;
    }
  }

  /** What one connection is to the server. */
  static final class Session {
    private Future<?> tail = Future.succeededFuture();
    private @Nullable Runnable listener;
    private boolean dead;
    private final Runnable broken;

    private Session(Runnable broken) {
      this.broken = broken;
    }

    /** Runs statements one after the other. */
    <T> Future<T> run(Supplier<Future<T>> statement) {
      Future<T> result =
          tail.compose(before -> dead ? Promise.<T>promise().future() : statement.get());
      tail = result.otherwiseEmpty();
      return result;
    }

    void listen(Runnable onNotification) {
      listener = onNotification;
    }

    void end() {
      dead = true;
    }

    boolean dead() {
      return dead;
    }
  }

  private static final class Lock {
    private @Nullable Object owner;
    private final Deque<Runnable> waiting = new ArrayDeque<>();
  }

  void onCommit(BiFunction<Long, Map<Integer, KeyRow>, Map<Integer, Integer>> listener) {
    onCommit = listener;
  }

  boolean up() {
    return up;
  }

  String history() {
    return "server/" + timeline;
  }

  long newest() {
    return state.newest();
  }

  KeyRow key(int key) {
    return state.keys.getOrDefault(key, KeyRow.GOOD);
  }

  /**
   * @param onBroken what happens on the other side when the server dies
   */
  Session connect(Runnable onBroken) {
    Session session = new Session(onBroken);
    sessions.add(session);
    return session;
  }

  /** For a while, everything that may take long does. */
  void slow(boolean isSlow) {
    slow = isSlow;
  }

  /** Nothing takes long any more. */
  void calm() {
    slow = false;
    slowReplicas.clear();
  }

  /** From now on, renewals of this replica take long; {@code begun} runs with the next one. */
  void slowRenewals(UUID replica, Runnable begun) {
    slowReplicas.put(replica, begun);
  }

  // Statements

  /**
   * One transaction that changes keys, and leaves one record that names what it changes. Returns
   * the versions it made.
   */
  Future<Map<Integer, Integer>> change(Map<Integer, UnaryOperator<KeyRow>> changes, Change named) {
    Promise<Map<Integer, Integer>> done = Promise.promise();
    long early = state.newest() + 1 + pendingNumbers;
    if (broken == Mutation.NUMBERS_DRAWN_EARLY) {
      pendingNumbers++;
    }
    step(
        stepTime(),
        () -> {
          long number = broken == Mutation.NUMBERS_DRAWN_EARLY ? early : state.newest() + 1;
          if (broken == Mutation.NUMBERS_DRAWN_EARLY) {
            pendingNumbers--;
          }
          Map<Integer, KeyRow> changed = new TreeMap<>();
          changes.forEach((key, change) -> changed.put(key, change.apply(key(key))));
          state.keys.putAll(changed);
          state.log.add(
              new Logged(
                  new Change(
                      number, named.entity(), named.entityId(), named.oldHash(), named.newHash()),
                  world.now()));
          flush(); // rule 10
          Map<Integer, Integer> versions = onCommit.apply(number, changed);
          notifyListeners();
          done.complete(versions);
        });
    return done.future();
  }

  Future<KeyRow> find(int key) {
    Promise<KeyRow> done = Promise.promise();
    State seen = broken == Mutation.READS_FROM_A_STANDBY && world.chance(0.5) ? standby : state;
    KeyRow row = seen.keys.getOrDefault(key, KeyRow.GOOD);
    step(stepTime(), () -> done.complete(row));
    return done.future();
  }

  /** renew_lease of V2: lock and extend the row, then look for changes, then commit. */
  Future<Renewal> renew(Member member, Position applied, long lease, int maxChanges) {
    slowReplicas.computeIfPresent(member.id(), (id, begun) -> once(begun));
    noteHistory();
    boolean sameHistory =
        broken == Mutation.OTHER_HISTORY_BELIEVED
            || (applied.feed().equals(history()) && applied.number() <= state.newest());
    long believed = sameHistory ? applied.number() : -1;
    Renewing renewing =
        new Renewing(member.id(), see(), believed, lease, maxChanges, Promise.promise());
    step(renewalStep(member.id()), () -> lock(member.id(), renewing, () -> extend(renewing)));
    return renewing.done.future();
  }

  private static Runnable once(Runnable begun) {
    begun.run();
    return () -> {};
  }

  private record Renewing(
      UUID id, Seen early, long believed, long lease, int maxChanges, Promise<Renewal> done) {}

  private void extend(Renewing renewing) {
    Row before = state.rows.get(renewing.id);
    boolean keeps = before != null || broken == Mutation.NEW_ROW_WITHOUT_FLUSH;
    long from = keeps ? renewing.believed : -1;
    Row extended = new Row(from, world.now() + renewing.lease);
    boolean lapsed = before == null || before.leaseUntil() < world.now();
    boolean synchronously = lapsed && broken != Mutation.CRASH_FORGETS_A_HOLDER;
    step(renewalStep(renewing.id), () -> read(renewing, from, extended, synchronously));
  }

  private void read(Renewing renewing, long from, Row extended, boolean synchronously) {
    Seen seen = broken == Mutation.RENEWAL_IN_ONE_SNAPSHOT ? renewing.early : see();
    step(
        broken == Mutation.PRUNED_BETWEEN_STATEMENTS ? renewalStep(renewing.id) : 0,
        () -> {
          Renewal renewal = answer(seen, from, renewing.maxChanges);
          step(
              renewalStep(renewing.id),
              () -> {
                commit(renewing.id, extended, synchronously);
                unlock(renewing.id, renewing);
                renewing.done.complete(renewal);
              });
        });
  }

  Future<Void> acknowledge(Member member, long applied) {
    Promise<Void> done = Promise.promise();
    lock(
        member.id(),
        done,
        () ->
            step(
                stepTime(),
                () -> {
                  Row row = state.rows.get(member.id());
                  if (row != null && row.applied() < applied) {
                    commit(member.id(), new Row(applied, row.leaseUntil()), false);
                  }
                  unlock(member.id(), done);
                  done.complete();
                }));
    return done.future();
  }

  Future<Void> leave(Member member) {
    Promise<Void> done = Promise.promise();
    lock(
        member.id(),
        done,
        () ->
            step(
                stepTime(),
                () -> {
                  state.rows.remove(member.id());
                  unlock(member.id(), done);
                  done.complete();
                }));
    return done.future();
  }

  Future<Long> newestChangeOf(List<UUID> entities) {
    Promise<Long> done = Promise.promise();
    long newest = 0;
    for (Logged logged : state.log) {
      Change change = logged.change();
      boolean flush = change.entity() == Entity.ALL && broken != Mutation.FLUSH_NOT_COUNTED;
      if (flush || (change.entityId() != null && entities.contains(change.entityId()))) {
        newest = Math.max(newest, change.number());
      }
    }
    long answer = newest;
    step(stepTime(), () -> done.complete(answer));
    return done.future();
  }

  /** Rows as they are when their lock is free, of those that are visible at the beginning. */
  Future<Holders> holders(long grace) {
    Promise<Holders> done = Promise.promise();
    boolean complete =
        broken == Mutation.YOUNG_HISTORY_TRUSTED
            || (state.history.equals(history()) && state.historySince < world.now() - grace);
    List<Acknowledged> all = new ArrayList<>();
    collect(
        new ArrayDeque<>(state.rows.keySet()),
        grace,
        all,
        () -> {
          step(stepTime(), () -> done.complete(new Holders(complete, all)));
        });
    return done.future();
  }

  private void collect(Deque<UUID> open, long grace, List<Acknowledged> all, Runnable then) {
    UUID next = open.poll();
    if (next == null) {
      then.run();
      return;
    }
    Object reader = new Object();
    Runnable read =
        () -> {
          Row row = state.rows.get(next);
          if (row != null) {
            all.add(new Acknowledged(next, row.applied(), row.leaseUntil() > world.now() - grace));
          }
          unlock(next, reader);
          collect(open, grace, all, then);
        };
    Row seen = state.rows.get(next);
    boolean overlooked =
        broken == Mutation.HOLDERS_WITHOUT_LOCK
            || (broken == Mutation.HOLDERS_LOCK_RUNNING_LEASES_ONLY
                && seen != null
                && seen.leaseUntil() <= world.now() - grace);
    if (overlooked) {
      read.run();
    } else {
      lock(next, reader, read);
    }
  }

  /** Removes replicas that have not been heard of for so long. */
  void forgetReplicas(long age) {
    state
        .rows
        .entrySet()
        .removeIf(row -> row.getValue().leaseUntil() < world.now() - age && !locked(row.getKey()));
  }

  /** Removes changes that are older than {@code keep}. */
  void pruneChanges(long keep) {
    for (Iterator<Logged> each = state.log.iterator(); each.hasNext(); ) {
      Logged logged = each.next();
      if (logged.at() < world.now() - keep) {
        each.remove();
        state.pruned = Math.max(state.pruned, logged.change().number());
      }
    }
  }

  // Faults

  /** Dies and comes back with what was flushed to disk. */
  void crash(long nanos) {
    die(nanos, flushed.copy());
  }

  /**
   * Is replaced by its standby.
   *
   * @param synchronous whether the standby has every change; leases may be missing in any case
   */
  void failOver(long nanos, boolean synchronous) {
    State promoted = standby.copy();
    if (synchronous) {
      promoted.keys.putAll(state.keys);
      promoted.log.clear();
      promoted.log.addAll(state.log);
      promoted.pruned = state.pruned;
    }
    timeline++;
    die(nanos, promoted);
  }

  private void die(long nanos, State afterwards) {
    up = false;
    epoch++;
    pendingNumbers = 0;
    locks.clear();
    state = afterwards;
    flushed = afterwards.copy();
    standby = afterwards.copy();
    sessions.forEach(
        session -> {
          session.dead = true;
          session.broken.run();
        });
    sessions.clear();
    world.after(nanos, () -> up = true);
  }

  // Inside

  /** What one snapshot shows. */
  private record Seen(long newest, long pruned, List<Logged> log) {}

  private Seen see() {
    return new Seen(state.newest(), state.pruned, List.copyOf(state.log));
  }

  private Renewal answer(Seen seen, long from, int maxChanges) {
    // With the defect, the rows are read once more after the extent was measured.
    List<Logged> rows = broken == Mutation.PRUNED_BETWEEN_STATEMENTS ? state.log : seen.log();
    List<Change> changes =
        rows.stream()
            .map(Logged::change)
            .filter(change -> change.number() > from && change.number() <= seen.newest())
            .sorted(Comparator.comparingLong(Change::number))
            .toList();
    boolean gap = from < seen.pruned() || from < 0 || changes.size() > maxChanges;
    if (broken == Mutation.GAP_IGNORED && from >= 0) {
      gap = false;
    }
    return new Renewal(
        history(),
        true,
        seen.newest(),
        gap,
        gap ? List.of() : changes,
        Instant.ofEpochSecond(0, DAY + world.now()),
        state.rows.size());
  }

  private void noteHistory() {
    if (!history().equals(state.history)) {
      state.historySince = world.now();
      state.history = history();
    }
  }

  private void commit(UUID replica, Row row, boolean synchronously) {
    state.rows.put(replica, row);
    if (synchronously) {
      flush();
    } else {
      step(world.between(0, 600 * MILLI), this::flush);
    }
  }

  private void flush() {
    flushed = state.copy();
  }

  /** The standby is always a little behind. */
  private void replicate() {
    State shipped = state.copy();
    world.after(
        world.between(10 * MILLI, 700 * MILLI),
        () -> {
          if (up) {
            standby = shipped;
          }
          replicate();
        });
  }

  private void notifyListeners() {
    for (Session session : sessions) {
      if (!session.dead && session.listener != null) {
        session.listener.run();
      }
    }
  }

  private boolean locked(UUID row) {
    Lock lock = locks.get(row);
    return lock != null && lock.owner != null;
  }

  private void lock(UUID row, Object owner, Runnable then) {
    Lock lock = locks.computeIfAbsent(row, first -> new Lock());
    Runnable take =
        () -> {
          lock.owner = owner;
          then.run();
        };
    if (lock.owner == null) {
      take.run();
    } else {
      lock.waiting.add(take);
    }
  }

  private void unlock(UUID row, Object owner) {
    Lock lock = locks.get(row);
    if (lock != null && lock.owner == owner) {
      lock.owner = null;
      Runnable next = lock.waiting.poll();
      if (next != null) {
        next.run();
      }
    }
  }

  private long stepTime() {
    return world.delay(MILLI, slow ? 900 * MILLI : 100 * MILLI, slow ? 0.3 : 0.1);
  }

  private long renewalStep(UUID replica) {
    return slowReplicas.containsKey(replica) ? world.between(0, 110 * MILLI) : stepTime();
  }

  private void step(long nanos, Runnable work) {
    int born = epoch;
    world.after(
        nanos,
        () -> {
          if (born == epoch) {
            work.run();
          }
        });
  }
}
