// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.dashboard;

import dev.maglatch.key.KeyKind;
import dev.maglatch.manage.KeyReach;
import dev.maglatch.manage.KeyRecord;
import io.vertx.core.Future;
import java.util.UUID;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/** Finds the key that a path names by its kind and its id, as far as the visitor reaches it. */
final class KeyFinder {
  private final UseCases useCases;
  private final Screens screens;

  KeyFinder(UseCases useCases, Screens screens) {
    this.useCases = useCases;
    this.screens = screens;
  }

  /** Goes on with the key, or says that there is none. */
  Future<Reply> with(Visit visit, BiFunction<KeyReach, KeyRecord, Future<Reply>> next) {
    KeyReach reach = reach(visit);
    UUID id = uuid(visit.parts().get(1));
    return reach == null || id == null
        ? Future.succeededFuture(notFound(visit))
        : useCases
            .keys()
            .find(reach, id)
            .compose(
                key ->
                    key == null ? Future.succeededFuture(notFound(visit)) : next.apply(reach, key));
  }

  /** Does the same with a key whose last use is as new as can be: people decide by it. */
  Future<Reply> withLastUse(Visit visit, BiFunction<KeyReach, KeyRecord, Future<Reply>> next) {
    return useCases.storeUses().get().compose(stored -> with(visit, next));
  }

  Reply notFound(Visit visit) {
    return screens.problem(visit, 404, "Not found", "There is no such key.");
  }

  /** Owners reach every organization key, and everybody their own. */
  private static @Nullable KeyReach reach(Visit visit) {
    for (KeyKind kind : KeyKind.values()) {
      if (kind.text().equals(visit.parts().get(0))) {
        UUID holder = kind == KeyKind.ORG && visit.owner() ? null : visit.accountId();
        return new KeyReach(kind, visit.organizationId(), holder);
      }
    }
    return null;
  }

  /** Returns the id that {@code text} is in canonical form, or null. */
  static @Nullable UUID uuid(String text) {
    try {
      UUID id = UUID.fromString(text);
      return id.toString().equalsIgnoreCase(text) ? id : null;
    } catch (IllegalArgumentException none) {
      return null;
    }
  }
}
