// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.dashboard;

import dev.maglatch.manage.KeyReach;
import dev.maglatch.manage.KeyRecord;
import dev.maglatch.manage.RevokeOutcome;
import io.vertx.core.Future;
import java.util.List;

/** Revoking a key: what it will mean, and how far it has come. */
final class RevokeScreens {
  private final UseCases useCases;
  private final Screens screens;
  private final KeyFinder finder;

  RevokeScreens(UseCases useCases, Screens screens) {
    this.useCases = useCases;
    this.screens = screens;
    this.finder = new KeyFinder(useCases, screens);
  }

  List<Route> routes() {
    return List.of(
        Route.get(
            "/keys/*/*/revoke",
            visit -> finder.withLastUse(visit, (reach, key) -> ask(visit, key))),
        Route.post(
            "/keys/*/*/revoke",
            visit -> finder.with(visit, (reach, key) -> revoke(visit, reach, key))));
  }

  private Future<Reply> ask(Visit visit, KeyRecord key) {
    KeyRow row = KeyRow.of(key, useCases.clock().instant());
    return Future.succeededFuture(
        screens.show(
            visit, "keys", "Revoke " + row.name() + "?", Templates.revoke(row, visit.modal())));
  }

  /** Somebody else may have done it a moment ago: then it is waited for all the same. */
  private Future<Reply> revoke(Visit visit, KeyReach reach, KeyRecord key) {
    return useCases
        .keys()
        .revoke(reach, key.id(), visit.actor())
        .map(
            done ->
                screens.show(
                    visit,
                    "keys",
                    done.outcome() == RevokeOutcome.ALREADY_REVOKED ? "Already revoked" : "Revoked",
                    Templates.done(
                        KeyRow.name(key) + " is refused from now on.",
                        done.confirmation(),
                        KeyRow.path(key))));
  }
}
