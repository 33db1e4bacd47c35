// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.dashboard;

import dev.maglatch.manage.KeyCatalog.Found;
import dev.maglatch.manage.KeyCatalog.Viewer;
import dev.maglatch.manage.KeyRecord;
import dev.maglatch.usage.HourlyRequests;
import io.vertx.core.Future;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/** The list of keys. */
final class KeyListScreens {
  private final Surroundings surroundings;
  private final UseCases useCases;
  private final Screens screens;

  KeyListScreens(Surroundings surroundings, UseCases useCases, Screens screens) {
    this.surroundings = surroundings;
    this.useCases = useCases;
    this.screens = screens;
  }

  List<Route> routes() {
    return List.of(Route.get("/", this::list));
  }

  private Future<Reply> list(Visit visit) {
    KeyList list = KeyList.of(visit.query());
    Viewer viewer = new Viewer(visit.organizationId(), visit.accountId(), visit.owner());
    return useCases
        .catalog()
        .search(viewer, list.filter(), list.order(), list.part())
        .compose(found -> shown(visit, list, found));
  }

  private Future<Reply> shown(Visit visit, KeyList list, Found found) {
    if (found.keys().isEmpty() && list.page() > 1) {
      return Future.succeededFuture(Reply.seeOther(list.atPage(1)));
    }
    Instant now = useCases.clock().instant();
    List<UUID> keys = found.keys().stream().map(KeyRecord::id).toList();
    Future<List<HourlyRequests>> hours =
        useCases.usage().since(keys, UsageBar.from(now, UsageBar.HOURS));
    Future<Map<UUID, Instant>> limited = useCases.catalog().limited(keys);
    return Future.all(hours, limited)
        .map(both -> page(visit, list, found, rows(found, hours.result(), limited.result(), now)));
  }

  private static List<KeyRow> rows(
      Found found, List<HourlyRequests> hours, Map<UUID, Instant> limited, Instant now) {
    return found.keys().stream()
        .map(key -> KeyRow.of(key, hours, limited.get(key.id()), now))
        .toList();
  }

  private Reply page(Visit visit, KeyList list, Found found, List<KeyRow> rows) {
    return screens.show(
        visit, "keys", "API keys", Templates.keys(list, rows, found.total(), surroundings.kinds()));
  }
}
