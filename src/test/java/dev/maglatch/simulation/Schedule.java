// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.simulation;

import static dev.maglatch.simulation.World.MILLI;
import static dev.maglatch.simulation.World.SECOND;

import dev.maglatch.cluster.Change;
import dev.maglatch.cluster.Change.Entity;
import dev.maglatch.key.TokenHash;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * One run of some gateways: eight seconds in which everything goes wrong that can, then calm.
 *
 * <p>The same seed is the same run.
 */
final class Schedule {
  private static final long FAULTS_END = 8 * SECOND;
  private static final long SETTLED = 12 * SECOND;
  private static final long END = 14 * SECOND;
  private static final long KEEP_CHANGES = 3 * SECOND;
  private static final long FORGET_REPLICAS = 2_500 * MILLI;

  private final long seed;
  private final World world;
  private final @Nullable Mutation broken;
  private final Database database;
  private final Judge judge;
  private final Keys keys;
  private final List<Gateway> gateways = new ArrayList<>();
  private final List<Told> story = new ArrayList<>();
  private long troubledUntil;
  private boolean plotted; // little else goes wrong then
  private long quietUntil; // no changes but those of a plot

  Schedule(long seed, Keys keys, @Nullable Mutation broken) {
    this.seed = seed;
    this.keys = keys;
    this.broken = broken;
    this.world = new World(seed);
    this.database = new Database(world, broken);
    this.judge = new Judge(world, database);
    database.onCommit(judge::committed);
  }

  /** What came out. */
  record Outcome(long seed, int verdicts, List<String> violations, List<Told> story) {
    boolean good() {
      return violations.isEmpty();
    }

    @Override
    public String toString() {
      StringBuilder text = new StringBuilder("seed ").append(seed);
      story.forEach(told -> text.append("\n  ").append(told));
      return text.append("\nviolations\n  ").append(String.join("\n  ", violations)).toString();
    }
  }

  /** One line of the story, written out only when somebody reads it. */
  private record Told(long at, List<Object> what) {
    @Override
    public String toString() {
      StringBuilder line = new StringBuilder().append(at / MILLI).append(" ms ");
      for (Object each : what) {
        line.append(each instanceof Gateway gateway ? gateway.name() : each);
      }
      return line.toString();
    }
  }

  Outcome run() {
    int replicas = 2 + world.below(3);
    for (int i = 0; i < replicas; i++) {
      world.after(world.between(0, 200 * MILLI), this::startGateway);
    }
    requests();
    changes();
    plot();
    faults();
    world.at(FAULTS_END, this::calm);
    world.at(SETTLED - SECOND, () -> gateways.forEach(each -> confirmAgain(each, 0)));
    world.at(SETTLED, this::settled);
    world.runUntil(END);
    return new Outcome(seed, judge.verdicts(), judge.violations(), story);
  }

  // Clients

  private void requests() {
    world.after(
        world.between(20 * MILLI, 120 * MILLI),
        () -> {
          request(anyGateway(), world.below(Keys.COUNT));
          requests();
        });
  }

  private void request(@Nullable Gateway gateway, int key) {
    if (gateway != null && gateway.serving()) {
      judge.request(gateway, key);
    }
  }

  private void everywhere(int key, long from, long to, int times) {
    for (Gateway gateway : gateways) {
      for (int i = 0; i < times; i++) {
        world.after(world.between(from, to), () -> request(gateway, key));
      }
    }
  }

  private void changes() {
    world.after(
        world.between(50 * MILLI, 600 * MILLI),
        () -> {
          if (world.now() >= FAULTS_END) {
            return;
          }
          if (world.now() >= quietUntil) {
            changeAny();
          }
          changes();
        });
  }

  private void changeAny() {
    change(anyGateway(), world.below(Keys.COUNT));
  }

  /** Changes a key or its owner; mostly through a gateway, which answers when it is true. */
  private void change(@Nullable Gateway gateway, int key) {
    if (gateway == null || !gateway.serving()) {
      return;
    }
    everywhere(key, 0, 30 * MILLI, 1);
    Map<Integer, UnaryOperator<Database.KeyRow>> changed = new TreeMap<>();
    int kind = world.below(10);
    UUID entity = Keys.id(key);
    Change named = change(Entity.API_KEY, entity, keys.stored(key));
    if (kind < 2) {
      entity = Keys.ownerId(Keys.ownerOf(key));
      named = change(Entity.OWNER, entity, null);
      for (int other = Keys.ownerOf(key); other < Keys.COUNT; other += Keys.OWNERS) {
        changed.put(other, Database.KeyRow::toggleOwner);
      }
    } else {
      changed.put(key, kind < 4 ? Database.KeyRow::togglePresent : Database.KeyRow::toggleRevoked);
    }
    if (kind == 9) {
      named = change(Entity.ALL, null, null); // one of more than a thousand in one transaction
    }
    UUID confirmed = entity;
    tell("change by ", gateway, " of ", changed.keySet());
    if (world.chance(0.15)) {
      database.change(changed, named); // by hand
      return;
    }
    gateway
        .change(changed, named)
        .onSuccess(versions -> confirm(gateway, versions, List.of(confirmed)));
  }

  private static Change change(Entity entity, @Nullable UUID id, @Nullable TokenHash hash) {
    return new Change(0, entity, id, hash, hash);
  }

  private void confirm(Gateway gateway, Map<Integer, Integer> versions, List<UUID> entities) {
    gateway
        .revocation
        .confirm(entities)
        .onSuccess(
            done -> {
              if (gateway.dead()) {
                return;
              }
              tell("confirmed by ", gateway, " of ", versions.keySet(), " ", done);
              judge.answered(versions);
              for (int key : versions.keySet()) {
                everywhere(key, 0, MILLI, 1);
                everywhere(key, 0, 1_500 * MILLI, 2);
              }
            })
        .onFailure(never -> judge.violated("confirmation failed: " + never));
  }

  /** What a revoker does who finds that the key is revoked already. */
  private void confirmAgain(@Nullable Gateway gateway, int key) {
    if (gateway != null && gateway.serving()) {
      List<UUID> entities = List.of(Keys.id(key), Keys.ownerId(Keys.ownerOf(key)));
      gateway.onThread(() -> confirm(gateway, Map.of(key, judge.newestVersion(key)), entities));
    }
  }

  // Faults

  private void faults() {
    long pause = world.between(50 * MILLI, 900 * MILLI);
    world.after(
        plotted ? 8 * pause : pause,
        () -> {
          if (world.now() < FAULTS_END) {
            fault(anyGateway());
            faults();
          }
        });
  }

  private void fault(@Nullable Gateway gateway) {
    if (gateway == null || gateway.dead()) {
      startGateway();
      return;
    }
    long usual = world.delay(500 * MILLI, 5 * SECOND, 0.4);
    long nanos = Math.min(usual, FAULTS_END - world.now());
    switch (world.below(12)) {
      case 0, 1 -> {
        tell("pause ", gateway, " ", nanos / MILLI);
        gateway.pause(nanos);
      }
      case 2, 3 -> {
        tell("unreachable ", gateway, " ", nanos / MILLI);
        gateway.unreachable(nanos);
      }
      case 4 -> {
        tell("cut ", gateway);
        gateway.cut();
      }
      case 5 -> {
        tell("kill ", gateway);
        gateway.kill();
        world.after(world.between(0, SECOND), this::startGateway);
      }
      case 6 -> {
        tell("stop ", gateway);
        gateway.stop();
        world.after(world.between(0, SECOND), this::startGateway);
      }
      case 7 -> crash(world.between(0, SECOND));
      case 8 -> failOver(world.between(0, SECOND), world.chance(0.5));
      case 9 -> slow(nanos / 2);
      case 10 -> {
        tell("prune");
        database.pruneChanges(KEEP_CHANGES);
        database.forgetReplicas(FORGET_REPLICAS);
      }
      default -> confirmAgain(gateway, world.below(Keys.COUNT));
    }
  }

  private void crash(long nanos) {
    if (database.up()) {
      tell("crash ", nanos / MILLI);
      troubled(nanos);
      database.crash(nanos);
    }
  }

  private void failOver(long nanos, boolean synchronous) {
    if (database.up()) {
      tell("fail over ", nanos / MILLI, synchronous ? "" : " losing changes");
      troubled(nanos);
      database.failOver(nanos, synchronous);
      judge.restored();
    }
  }

  private void slow(long nanos) {
    tell("slow ", nanos / MILLI);
    troubled(nanos);
    database.slow(true);
    world.after(nanos, () -> database.slow(false));
  }

  /** Something is wrong with the database: replicas may think it lost until then. */
  private void troubled(long nanos) {
    troubledUntil = Math.max(troubledUntil, world.now() + nanos);
    gateways.forEach(gateway -> gateway.disturbed(nanos));
  }

  // What chance alone brings about too rarely

  private void plot() {
    int which = world.below(6);
    plotted = which < 4;
    switch (which) {
      case 0, 1, 2 -> world.at(world.between(1_000 * MILLI, 2_000 * MILLI), this::comeback);
      case 3 -> world.at(world.between(1_000 * MILLI, 2_500 * MILLI), this::lostChanges);
      default -> {} // chance alone
    }
  }

  /** A replica is away until its lease counts no more, and comes back as keys are revoked. */
  private void comeback() {
    Gateway gateway = anyGateway();
    if (gateway == null) {
      return;
    }
    long away = world.between(3_400 * MILLI, 5_500 * MILLI);
    tell("comeback of ", gateway, " after ", away / MILLI);
    if (world.chance(0.7)) {
      gateway.unreachable(away);
    } else {
      gateway.pause(away);
    }
    world.after(SECOND, () -> quietUntil = world.now() + away - SECOND / 2);
    if (world.chance(0.4)) {
      world.after(away - 50 * MILLI, () -> database.forgetReplicas(FORGET_REPLICAS));
    } else {
      long prune = away + world.between(-SECOND, 300 * MILLI);
      world.after(prune, () -> database.pruneChanges(KEEP_CHANGES));
    }
    boolean crash = world.chance(0.3);
    world.after(
        away - 50 * MILLI,
        () -> database.slowRenewals(gateway.self.id(), () -> isBack(gateway, crash)));
  }

  private void isBack(Gateway gateway, boolean crash) {
    requests(gateway, 0, SECOND);
    revocations(gateway, 0, 150 * MILLI, 3);
    if (crash) {
      long when = world.between(150 * MILLI, 500 * MILLI);
      world.after(when, () -> crash(60 * MILLI));
      world.after(when, () -> gateway.unreachable(1_500 * MILLI));
      revocations(gateway, when + 100 * MILLI, when + 800 * MILLI, 3);
    }
  }

  /** Another server takes over without changes that a replica, away meanwhile, has applied. */
  private void lostChanges() {
    Gateway gateway = anyGateway();
    if (gateway == null) {
      return;
    }
    long away = world.between(3_000 * MILLI, 4_000 * MILLI);
    tell("lost changes known to ", gateway);
    quietUntil = world.now() + away;
    revocations(gateway, 0, 100 * MILLI, 5);
    world.after(250 * MILLI, () -> gateway.unreachable(away));
    world.after(world.between(250 * MILLI, 500 * MILLI), () -> failOver(50 * MILLI, false));
    world.after(
        away - 50 * MILLI,
        () -> database.slowRenewals(gateway.self.id(), () -> isBack(gateway, false)));
  }

  private void requests(Gateway gateway, long from, long to) {
    for (int i = 0; i < 60; i++) {
      world.after(world.between(from, to), () -> request(gateway, world.below(Keys.COUNT)));
    }
  }

  /** Changes different keys through other gateways than this one. */
  private void revocations(Gateway notBy, long from, long to, int times) {
    int first = world.below(Keys.COUNT);
    for (int i = 0; i < times; i++) {
      int key = (first + i) % Keys.COUNT;
      world.after(
          world.between(from, to),
          () ->
              gateways.stream()
                  .filter(other -> other != notBy && other.serving())
                  .findAny()
                  .ifPresent(other -> change(other, key)));
    }
  }

  // The end

  private void calm() {
    tell("calm");
    database.calm();
    gateways.forEach(gateway -> gateway.disturbed(0));
    gateways.forEach(Gateway::cut); // what is half dead is found out now
    gateways.removeIf(Gateway::dead);
    if (gateways.isEmpty()) {
      startGateway();
    }
  }

  /** Liveness: all is decided, and a revocation is confirmed by everybody at once. */
  private void settled() {
    gateways.removeIf(gateway -> !gateway.serving());
    for (Gateway gateway : gateways) {
      for (int key = 0; key < Keys.COUNT; key++) {
        judge.requestInCalm(gateway, key);
      }
    }
    if (!gateways.isEmpty()) {
      gateways
          .get(0)
          .revocation
          .confirm(List.of(Keys.id(0)))
          .onSuccess(
              done -> {
                if (done.expired() > 0 || done.acknowledged() != gateways.size()) {
                  judge.violated("in calm " + done + " of " + gateways.size());
                }
              });
    }
  }

  private void startGateway() {
    if (gateways.stream().filter(Gateway::serving).count() < 4) {
      Gateway gateway = new Gateway(world, database, keys, broken);
      gateway.disturbed(troubledUntil - world.now());
      gateways.add(gateway);
      gateway.start();
      tell("start ", gateway);
    }
  }

  private @Nullable Gateway anyGateway() {
    return gateways.isEmpty() ? null : gateways.get(world.below(gateways.size()));
  }

  private void tell(Object... what) {
    story.add(new Told(world.now(), List.of(what)));
  }
}
