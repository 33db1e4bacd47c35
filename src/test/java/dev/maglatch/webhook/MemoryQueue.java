// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.webhook;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** A queue in memory and in virtual time. */
final class MemoryQueue implements DeliveryQueue {
  final List<Entry> entries = new ArrayList<>();
  long claimMillis = 1;
  long settleMillis;
  boolean settleFails;
  int mostClaimed;
  int mostSettled;
  int claims;
  int settles;
  private final VirtualTime time;
  private Runnable listener = () -> {};

  /** One delivery. */
  static final class Entry {
    final UUID id = UUID.randomUUID();
    final String destination;
    final long createdAt;
    Status status = Status.PENDING;
    int attempts;
    boolean hasUrl = true;
    private long dueAt;
    private long claim;
    private boolean claimed;

    private Entry(String destination, long now) {
      this.destination = destination;
      this.createdAt = now;
      this.dueAt = now;
    }

    private boolean isDue(long now) {
      return status == Status.PENDING && dueAt <= now;
    }

    private Claimed claimed() {
      @Nullable String url = hasUrl ? destination + "/in" : null;
      @Nullable String obstacle = hasUrl ? null : "no URL";
      return new Claimed(id, claim, id, "{}", attempts, destination, id, url, obstacle, List.of());
    }
  }

  MemoryQueue(VirtualTime time) {
    this.time = time;
  }

  Entry add(String destination) {
    Entry entry = new Entry(destination, time.millis);
    entries.add(entry);
    return entry;
  }

  /** Tells whoever listens that there is something to do. */
  void notifyListener() {
    listener.run();
  }

  @Override
  public Future<Void> listen(Runnable handler) {
    listener = handler;
    return Future.succeededFuture();
  }

  @Override
  public Future<List<Claimed>> claim(Claim claim) {
    claims++;
    Promise<List<Claimed>> claimed = Promise.promise();
    List<Claimed> found = take(claim);
    time.later(claimMillis, () -> claimed.complete(found));
    return claimed.future();
  }

  private List<Claimed> take(Claim claim) {
    Map<String, Integer> taken = new HashMap<>();
    List<Claimed> found = new ArrayList<>();
    for (Entry entry : oldestFirst()) {
      int room = claim.room().getOrDefault(entry.destination, claim.perDestination());
      if (entry.isDue(time.millis)
          && found.size() < claim.max()
          && taken.merge(entry.destination, 1, Integer::sum) <= room) {
        entry.dueAt = time.millis + claim.lease().toMillis();
        entry.claim++;
        entry.claimed = true;
        found.add(entry.claimed());
      }
    }
    mostClaimed = Math.max(mostClaimed, found.size());
    return found;
  }

  private List<Entry> oldestFirst() {
    return entries.stream().sorted(Comparator.comparingLong(entry -> entry.dueAt)).toList();
  }

  @Override
  public Future<Void> settle(List<Settlement> settlements) {
    if (settleFails) {
      return Future.failedFuture("no database");
    }
    settles++;
    mostSettled = Math.max(mostSettled, settlements.size());
    for (Settlement settlement : settlements) {
      for (Entry entry : entries) {
        if (entry.id.equals(settlement.id())
            && entry.claim == settlement.claim()
            && entry.claimed) {
          entry.claimed = false;
          entry.status = settlement.status();
          entry.attempts += settlement.attempt() == null ? 0 : 1;
          entry.dueAt = time.millis + settlement.pause().toMillis();
        }
      }
    }
    if (settleMillis == 0) {
      return Future.succeededFuture();
    }
    Promise<Void> settled = Promise.promise();
    time.later(settleMillis, settled::complete);
    return settled.future();
  }

  @Override
  public Future<Duration> age() {
    return Future.succeededFuture(
        entries.stream()
            .filter(entry -> entry.isDue(time.millis))
            .map(entry -> Duration.ofMillis(time.millis - entry.dueAt))
            .max(Comparator.naturalOrder())
            .orElse(Duration.ZERO));
  }

  @Override
  public Future<Integer> prune(Duration retention, int max) {
    List<Entry> old =
        entries.stream()
            .filter(entry -> entry.createdAt < time.millis - retention.toMillis())
            .limit(max)
            .toList();
    entries.removeAll(old);
    return Future.succeededFuture(old.size());
  }
}
