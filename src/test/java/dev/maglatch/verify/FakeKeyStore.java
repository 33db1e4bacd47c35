// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.verify;

import dev.maglatch.key.TokenHash;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/** A store in memory whose answers wait until the test lets them go. */
final class FakeKeyStore implements KeyStore {
  final Map<TokenHash, StoredKey> rows = new HashMap<>();
  final List<String> rehashed = new ArrayList<>();
  private final Deque<Runnable> held = new ArrayDeque<>();
  private final Deque<Runnable> failing = new ArrayDeque<>();
  private boolean holding;
  private boolean down;
  private boolean throwing;
  int queries;

  void hold() {
    holding = true;
  }

  void down(boolean isDown) {
    down = isDown;
  }

  void throwing(boolean isThrowing) {
    throwing = isThrowing;
  }

  /** Answers the oldest held query as the rows are now, or as they were when it was sent. */
  void answerOne() {
    failing.remove();
    held.remove().run();
  }

  /** Fails the oldest held query. */
  void failOne() {
    held.remove();
    failing.remove().run();
  }

  /** Lets the oldest held query wait behind the others. */
  void passOver() {
    held.add(held.remove());
    failing.add(failing.remove());
  }

  int waiting() {
    return held.size();
  }

  @Override
  public Future<Optional<StoredKey>> find(List<TokenHash> candidates) {
    queries++;
    if (throwing) {
      throw new IllegalStateException("closed");
    }
    if (down) {
      return Future.failedFuture("down");
    }
    Optional<StoredKey> seen =
        candidates.stream().filter(rows::containsKey).findFirst().map(rows::get);
    if (!holding) {
      return Future.succeededFuture(seen);
    }
    Promise<Optional<StoredKey>> answer = Promise.promise();
    held.add(() -> answer.complete(seen));
    failing.add(() -> answer.fail("late"));
    return answer.future();
  }

  @Override
  public Future<Void> rehash(UUID keyId, TokenHash from, TokenHash to, String pepper) {
    rehashed.add(keyId + " " + pepper);
    return Future.succeededFuture();
  }
}
