// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import static java.util.Objects.requireNonNull;

import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * The routes in use, and the event loops that use them. Safe on any thread.
 *
 * <p>A loop goes from the old routes to the new ones between two requests. A request that has
 * chosen its route keeps it to its end.
 */
public final class LiveRoutes {
  private final List<User> users = new ArrayList<>();
  private final UpstreamHealth health = new UpstreamHealth();
  private ProxyConfig current;

  /** Begins with {@code first}. */
  public LiveRoutes(ProxyConfig first) {
    this.current = requireNonNull(first, "first");
    health.use(first);
  }

  /** Returns what is in use, or about to be. */
  public synchronized ProxyConfig current() {
    return current;
  }

  /** Gives {@code next} to every loop; completes when no loop uses anything else any more. */
  public synchronized Future<Void> swap(ProxyConfig next) {
    current = next;
    health.use(next);
    return Future.join(users.stream().map(user -> user.give(next)).toList()).mapEmpty();
  }

  /** Returns what is known about the servers of these routes. */
  UpstreamHealth health() {
    return health;
  }

  /**
   * Joins those who are told of changes. Call it on the loop of {@code context}.
   *
   * @param taker called on that loop with each change
   * @return what to begin with
   */
  synchronized ProxyConfig join(Context context, Consumer<ProxyConfig> taker) {
    users.add(new User(context, taker));
    return current;
  }

  /** Leaves those who are told of changes. */
  synchronized void leave(Context context) {
    users.removeIf(user -> user.context.equals(context));
  }

  private record User(Context context, Consumer<ProxyConfig> taker) {
    Future<Void> give(ProxyConfig next) {
      Promise<Void> taken = Promise.promise();
      context.runOnContext(
          now -> {
            taker.accept(next);
            taken.complete();
          });
      return taken.future();
    }
  }
}
