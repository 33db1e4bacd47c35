// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.verify;

import dev.maglatch.fault.Fault;
import dev.maglatch.key.Principal;
import dev.maglatch.key.TokenHash;
import dev.maglatch.key.Tokens;
import io.vertx.core.Future;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiConsumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The queries in flight: at most one running and one waiting for each token.
 *
 * <p>Bounded: beyond {@value #MAX_RUNNING} running queries a further one fails as overloaded.
 */
final class KeyLoads {
  /*
   * Who may share a running query? With a lease, whoever comes while no change has named what it
   * asks for: its answer is then as good as a new one. Without a lease nobody knows what has
   * changed, so a request shares only a query sent after it came: the one waiting behind the
   * running one (rule 5).
   *
   * A query whose answer was overtaken by a change is asked again, a few times at most.
   */
  static final int MAX_RUNNING = 1024;
  private static final int MAX_ATTEMPTS = 4;

  /** Running queries beyond which nothing is renewed: who waits for an answer goes first. */
  static final int MAX_RENEWING = 16;

  private static final long PAUSE_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final Tokens tokens;
  private final KeyStore store;
  private final ChangeClock changes;
  private final LongSupplier nanoTime;
  private final BiConsumer<TokenHash, CachedKey> remember;
  private final VerifyMetrics metrics;
  private final ConcurrentHashMap<TokenHash, Load> running = new ConcurrentHashMap<>();
  private final AtomicInteger runningCount = new AtomicInteger();
  private volatile boolean failing;
  private volatile long failedNanos;

  KeyLoads(
      Tokens tokens,
      KeyStore store,
      ChangeClock changes,
      LongSupplier nanoTime,
      BiConsumer<TokenHash, CachedKey> remember,
      VerifyMetrics metrics) {
    this.tokens = tokens;
    this.store = store;
    this.changes = changes;
    this.nanoTime = nanoTime;
    this.remember = remember;
    this.metrics = metrics;
  }

  /**
   * Returns what the database says about the token of this hash.
   *
   * @param leaseHeld whether a query that runs already may be shared
   */
  CompletableFuture<CachedKey> load(TokenHash hash, boolean leaseHeld) {
    return joined(hash, leaseHeld).result;
  }

  private Load joined(TokenHash hash, boolean leaseHeld) {
    Joining joining = new Joining();
    running.compute(hash, (same, current) -> join(same, current, leaseHeld, joining));
    if (joining.toSend != null) {
      send(joining.toSend);
    }
    return joining.joined();
  }

  /**
   * Asks the database anew about a token that goes on being served meanwhile. Does nothing while
   * many queries run, one for this token does, or one failed within the last second: the next use
   * tries again.
   */
  void renew(TokenHash hash) {
    boolean pausing = failing && nanoTime.getAsLong() - failedNanos < PAUSE_NANOS;
    if (!pausing && runningCount.get() < MAX_RENEWING && !running.containsKey(hash)) {
      joined(hash, true);
    }
  }

  private Load join(TokenHash hash, @Nullable Load current, boolean leaseHeld, Joining joining) {
    if (current == null || current.overtaken()) {
      Load mine = new Load(hash);
      joining.joined = mine;
      joining.toSend = mine;
      return mine;
    }
    if (leaseHeld) {
      joining.joined = current;
      return current;
    }
    if (current.next == null) {
      current.next = new Load(hash);
    }
    joining.joined = current.next;
    return current;
  }

  private void send(Load load) {
    if (runningCount.incrementAndGet() > MAX_RUNNING) {
      finish(load, null, Fault.of(Fault.Code.OVERLOADED, "too many key lookups at once", null));
      return;
    }
    ask(load, 1);
  }

  private void ask(Load load, int attempt) {
    load.sentAt = changes.now();
    load.sentNanos = nanoTime.getAsLong();
    found(load)
        .onComplete(
            answer -> {
              long answeredNanos = nanoTime.getAsLong();
              metrics.loaded(answeredNanos - load.sentNanos, answer.succeeded());
              if (answer.failed()) {
                failedNanos = answeredNanos;
                failing = true;
                finish(load, null, answer.cause());
              } else {
                failing = false;
                answered(load, answer.result(), attempt);
              }
            });
  }

  /** What the store throws fails the load: one that never ends would be shared for ever. */
  private Future<Optional<StoredKey>> found(Load load) {
    try {
      return store.find(load.candidates);
    } catch (RuntimeException thrown) {
      return Future.failedFuture(thrown);
    }
  }

  private void answered(Load load, Optional<StoredKey> answer, int attempt) {
    CachedKey entry =
        new CachedKey(answer.orElse(null), load.candidates, load.sentAt, load.sentNanos);
    if (entry.fresh(changes)) {
      remember.accept(load.hash, entry);
      finish(load, entry, null);
      answer.ifPresent(key -> moveToCurrentPepper(key, load.candidates.get(0)));
    } else if (attempt < MAX_ATTEMPTS) {
      ask(load, attempt + 1);
    } else {
      finish(
          load,
          null,
          Fault.of(Fault.Code.STORE_UNAVAILABLE, "key changed faster than it was read", null));
    }
  }

  private void finish(Load load, @Nullable CachedKey entry, @Nullable Throwable failure) {
    runningCount.decrementAndGet();
    running.computeIfPresent(load.hash, (hash, current) -> current == load ? load.next : current);
    if (entry != null) {
      load.result.complete(entry);
    } else {
      load.result.completeExceptionally(failure);
    }
    if (load.next != null) {
      send(load.next);
    }
  }

  private void moveToCurrentPepper(StoredKey key, TokenHash current) {
    Principal principal = key.principal();
    if (!key.storedHash().equals(current) && principal.keyId() != null) {
      store
          .rehash(principal.keyId(), key.storedHash(), current, tokens.currentPepper())
          .onFailure(later -> {}); // the next use tries again
    }
  }

  /**
   * One query, and what waits behind it. Its mutable part belongs to {@link #running}'s compute.
   */
  private final class Load {
    final TokenHash hash;
    final List<TokenHash> candidates;
    final CompletableFuture<CachedKey> result = new CompletableFuture<>();
    volatile long sentAt;
    volatile long sentNanos;
    volatile @Nullable Load next;

    Load(TokenHash hash) {
      this.hash = hash;
      this.candidates = tokens.stored(hash);
      this.sentAt = changes.now();
    }

    /** Whether a change came since the query was sent that may concern what it asks for. */
    boolean overtaken() {
      long sent = sentAt;
      for (int i = 0; i < candidates.size(); i++) {
        if (changes.changedSince(candidates.get(i), sent)) {
          return true;
        }
      }
      return changes.anyOwnerChangedSince(sent);
    }
  }

  /** What {@link #join} decided. */
  private static final class Joining {
    private @Nullable Load joined;
    private @Nullable Load toSend;

    Load joined() {
      if (joined == null) {
        throw new IllegalStateException("join decides always");
      }
      return joined;
    }
  }
}
