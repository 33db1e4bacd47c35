// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.session;

import io.vertx.core.Future;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Sessions in memory that can be lost, and that count how often they were asked. */
final class FakeSessionLookup implements SessionLookup {
  final Map<UUID, Standing> standings = new HashMap<>();
  final Map<String, SessionAccount> linked = new HashMap<>();
  int queries;
  boolean down;

  /** Runs inside the next query, after it was sent and before it is answered. */
  Runnable meanwhile = () -> {};

  static SessionAccount account(boolean disabled) {
    return new SessionAccount(
        UUID.randomUUID(),
        "ann@example.com",
        "rec00000000000000",
        UUID.randomUUID(),
        true,
        null,
        disabled,
        Instant.EPOCH,
        Instant.EPOCH);
  }

  @Override
  public Future<@Nullable Standing> standing(UUID family) {
    return answer(standings.get(family));
  }

  @Override
  public Future<@Nullable SessionAccount> bySubject(String issuer, String subject) {
    return answer(linked.get(issuer + " " + subject));
  }

  private <T> Future<@Nullable T> answer(@Nullable T found) {
    queries++;
    if (down) {
      return Future.failedFuture("database gone");
    }
    Runnable once = meanwhile;
    meanwhile = () -> {};
    once.run();
    return Future.succeededFuture(found);
  }
}
