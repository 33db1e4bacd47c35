// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.simulation;

import dev.maglatch.cluster.Lease.Standing;
import dev.maglatch.verify.Verdict;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Knows what every key was worth at every time, and therefore which verdicts are true.
 *
 * <p>Each key has versions in commit order. A request may be decided by any version from a floor up
 * to the newest one when it is answered; the floor is the newest of
 *
 * <ul>
 *   <li>what a revoker had answered before the request was sent (invariant 4), unless rule 7 lets a
 *       replica that lost its lease serve what it knows;
 *   <li>with a lease: what the replica itself has applied, and what was committed a lease ago (rule
 *       3): a floor that an entry filled in a race would fall below (rule 5);
 *   <li>without: what is committed when the request is handled, for it is asked of the database
 *       (rules 5 and 7); or, where no answer is to be had, what the replica has applied, for what a
 *       change has named is not served.
 * </ul>
 */
final class Judge {
  private static final long LEASE_AND_MARGIN = Gateway.CLUSTER.lease().toNanos() * 11 / 10;

  private final World world;
  private final Database database;
  private final List<List<Version>> versions = new ArrayList<>();
  private final int[] answered = new int[Keys.COUNT];
  private final List<String> violations = new ArrayList<>();
  private int verdicts;

  private record Version(String history, long number, boolean admitted, long committedAt) {}

  Judge(World world, Database database) {
    this.world = world;
    this.database = database;
    for (int key = 0; key < Keys.COUNT; key++) {
      versions.add(new ArrayList<>(List.of(new Version(database.history(), 0, true, 0))));
    }
  }

  List<String> violations() {
    return violations;
  }

  /** Returns how many verdicts were checked. */
  int verdicts() {
    return verdicts;
  }

  /** Returns the version that each of the keys has got. */
  Map<Integer, Integer> committed(long number, Map<Integer, Database.KeyRow> changed) {
    Map<Integer, Integer> made = new TreeMap<>();
    changed.forEach(
        (key, row) -> {
          versions
              .get(key)
              .add(new Version(database.history(), number, row.admitted(), world.now()));
          made.put(key, newestVersion(key));
        });
    return made;
  }

  /** Another server took over, perhaps without the last changes. */
  void restored() {
    for (int key = 0; key < Keys.COUNT; key++) {
      boolean admitted = database.key(key).admitted();
      versions
          .get(key)
          .add(new Version(database.history(), database.newest(), admitted, world.now()));
    }
  }

  int newestVersion(int key) {
    return versions.get(key).size() - 1;
  }

  /** A revoker has answered that these versions, or later ones, are true everywhere. */
  void answered(Map<Integer, Integer> confirmed) {
    confirmed.forEach((key, version) -> answered[key] = Math.max(answered[key], version));
  }

  /** Sends a request now, and checks what becomes of it. */
  void request(Gateway gateway, int key) {
    int promised = answered[key];
    long sent = world.now();
    gateway.onThread(
        () -> {
          if (gateway.serving()) {
            handle(gateway, key, promised, sent);
          }
        });
  }

  private void handle(Gateway gateway, int key, int promised, long sent) {
    Standing standing = gateway.lease.standing(gateway.nanoTime());
    int known = applied(gateway, key);
    int floor =
        switch (standing) {
          case HELD -> Math.max(promised, Math.max(known, committedBefore(key, sent)));
          case UNCERTAIN -> newestVersion(key);
          case LOST -> known;
        };
    boolean back = gateway.calmFor() > Gateway.probeNanos();
    boolean slept = standing != Standing.HELD && gateway.onlySlept();
    gateway.request(
        key,
        decided -> {
          boolean held =
              standing == Standing.HELD && gateway.lease.nanosSinceEnd(gateway.nanoTime()) < 0;
          boolean fromMemory = !held && (decided.servedStale() || decided.unasked());
          if (decided.verdict() != null) {
            check(gateway, key, fromMemory ? known : floor, decided.verdict(), standing.name());
          }
          if (held && decided.servedStale() && !decided.unasked()) {
            violated(gateway, key, "served stale under a lease, though the database answered");
          }
          if (decided.servedStale()) {
            checkStale(gateway, key, standing, back, slept && gateway.onlySlept());
          }
        });
  }

  /** Rule 7: not for long, and neither after a pause nor with a database. */
  private void checkStale(
      Gateway gateway, int key, Standing standing, boolean back, boolean slept) {
    verdicts++;
    long since = gateway.lease.nanosSinceEnd(gateway.nanoTime());
    if (since > Gateway.CACHE.maxStaleness().toNanos()) {
      violated(gateway, key, "served stale for too long");
    }
    if (back && standing == Standing.LOST) {
      violated(gateway, key, "served stale though the database is back");
    }
    if (slept) {
      violated(gateway, key, "served stale after a pause, as if the database were lost");
    }
  }

  /** Nothing is wrong any more: everything is decided, and truly. */
  void requestInCalm(Gateway gateway, int key) {
    int newest = newestVersion(key);
    gateway.request(
        key,
        decided -> {
          Verdict verdict = decided.verdict();
          if (verdict == null || decided.servedStale()) {
            violated(gateway, key, "not decided though nothing is wrong");
          } else {
            check(gateway, key, newest, verdict, "calm");
          }
        });
  }

  void violated(Gateway gateway, int key, String what) {
    violations.add(
        "at "
            + world.now() / World.MILLI
            + " ms, replica "
            + gateway.name()
            + ", key "
            + key
            + ": "
            + what);
  }

  private void check(Gateway gateway, int key, int floor, Verdict verdict, String how) {
    verdicts++;
    boolean admitted = verdict.outcome() == Verdict.Outcome.ALLOWED;
    List<Version> all = versions.get(key);
    for (int version = floor; version < all.size(); version++) {
      if (all.get(version).admitted() == admitted) {
        return;
      }
    }
    violated(
        gateway,
        key,
        verdict.outcome() + " (" + how + "), not true since version " + floor + " of " + all);
  }

  /** The newest version that this replica says it has applied. */
  private int applied(Gateway gateway, int key) {
    long number = gateway.lease.applied().number();
    String feed = gateway.lease.applied().feed();
    List<Version> all = versions.get(key);
    for (int version = all.size() - 1; version > 0; version--) {
      if (all.get(version).history().equals(feed) && all.get(version).number() <= number) {
        return version;
      }
    }
    return 0;
  }

  private int committedBefore(int key, long sent) {
    List<Version> all = versions.get(key);
    int version = all.size() - 1;
    while (version > 0 && all.get(version).committedAt() > sent - LEASE_AND_MARGIN) {
      version--;
    }
    return version;
  }

  void violated(String what) {
    violations.add("at " + world.now() / World.MILLI + " ms: " + what);
  }
}
