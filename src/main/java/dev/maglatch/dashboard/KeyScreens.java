// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.dashboard;

import dev.maglatch.manage.KeyReach;
import dev.maglatch.manage.KeyRecord;
import dev.maglatch.manage.KeySettings;
import dev.maglatch.manage.Rotation;
import io.vertx.core.Future;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

/** One key: all about it, other settings, another secret. */
final class KeyScreens {
  private static final int KEPT_HOURS = 90 * 24;

  private final UseCases useCases;
  private final Screens screens;
  private final KeyFinder finder;
  private final KeyPage page;
  private final IssuedScreen issued;

  KeyScreens(UseCases useCases, Screens screens, IssuedScreen issued) {
    this.useCases = useCases;
    this.screens = screens;
    this.finder = new KeyFinder(useCases, screens);
    this.page = new KeyPage(useCases, screens);
    this.issued = issued;
  }

  List<Route> routes() {
    return List.of(
        Route.get(
            "/keys/*/*", visit -> finder.withLastUse(visit, (reach, key) -> page.show(visit, key))),
        Route.get(
            "/keys/*/*/usage.csv", visit -> finder.withLastUse(visit, (reach, key) -> csv(key))),
        Route.get("/keys/*/*/edit", visit -> finder.with(visit, (reach, key) -> edit(visit, key))),
        Route.post(
            "/keys/*/*/edit", visit -> finder.with(visit, (reach, key) -> save(visit, reach, key))),
        Route.get(
            "/keys/*/*/rotate",
            visit -> finder.withLastUse(visit, (reach, key) -> askToRotate(visit, key))),
        Route.post(
            "/keys/*/*/rotate",
            visit -> finder.with(visit, (reach, key) -> rotate(visit, reach, key))));
  }

  private Future<Reply> csv(KeyRecord key) {
    Instant now = useCases.clock().instant();
    return useCases
        .usage()
        .since(List.of(key.id()), UsageBar.from(now, KEPT_HOURS))
        .map(
            hours -> {
              Csv csv = new Csv("hour", "requests");
              hours.forEach(one -> csv.line(one.hour().toString(), Long.toString(one.requests())));
              return csv.reply("usage-" + key.prefix() + ".csv");
            });
  }

  private Future<Reply> edit(Visit visit, KeyRecord key) {
    KeyForm form = KeyForm.of(key.settings(), useCases.clock().instant());
    return Future.succeededFuture(form(visit, 200, key, form));
  }

  private Reply form(Visit visit, int status, KeyRecord key, KeyForm form) {
    KeyRow row = KeyRow.of(key, useCases.clock().instant());
    return screens.show(
        visit, status, "keys", "Edit " + row.name(), Templates.edit(row, form, visit.modal()));
  }

  private Future<Reply> save(Visit visit, KeyReach reach, KeyRecord key) {
    KeyForm form = new KeyForm(visit.form(), key.settings(), useCases.clock().instant());
    KeySettings settings = form.settings(key.kind());
    if (!form.isGood()) {
      return Future.succeededFuture(form(visit, 422, key, form));
    }
    return useCases
        .keys()
        .update(reach, key.id(), old -> settings, visit.actor())
        .map(
            update -> {
              if (update == null) {
                form.complain("", "This key is not active any more.");
                return form(visit, 422, key, form);
              }
              return screens.show(
                  visit,
                  "keys",
                  "Saved",
                  Templates.done(
                      "The settings of " + KeyRow.name(update.key()) + " are saved.",
                      update.confirmation(),
                      KeyRow.path(key)));
            });
  }

  private Future<Reply> askToRotate(Visit visit, KeyRecord key) {
    KeyRow row = KeyRow.of(key, useCases.clock().instant());
    return Future.succeededFuture(
        screens.show(visit, "keys", "Rotate " + row.name(), Templates.rotate(row, visit.modal())));
  }

  private Future<Reply> rotate(Visit visit, KeyReach reach, KeyRecord key) {
    Duration grace =
        switch (visit.form().text("grace")) {
          case "hour" -> Duration.ofHours(1);
          case "day" -> Duration.ofDays(1);
          case "week" -> Duration.ofDays(7);
          default -> Duration.ZERO;
        };
    return useCases
        .keys()
        .rotate(reach, key.id(), grace, visit.actor())
        .map(
            rotation ->
                rotation == null
                    ? screens.problem(
                        visit, 409, "Not rotated", "This key is over, or has a successor already.")
                    : rotated(visit, rotation, grace));
  }

  private Reply rotated(Visit visit, Rotation rotation, Duration grace) {
    return grace.isZero()
        ? issued.show(
            visit,
            rotation.successor(),
            "The old key is refused from now on.",
            rotation.confirmation())
        : issued.show(
            visit,
            rotation.successor(),
            "The old key is accepted for "
                + hours(grace)
                + " more. Its page says who still uses it.",
            null);
  }

  private static String hours(Duration grace) {
    return grace.toHours() == 1 ? "an hour" : grace.toHours() + " hours";
  }
}
