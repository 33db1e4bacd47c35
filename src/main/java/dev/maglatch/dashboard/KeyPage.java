// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.dashboard;

import dev.maglatch.dashboard.KeyDetail.WebhookField;
import dev.maglatch.manage.KeyRecord;
import dev.maglatch.usage.HourlyRequests;
import io.vertx.core.Future;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** The page of one key. */
final class KeyPage {
  private final UseCases useCases;
  private final Screens screens;

  KeyPage(UseCases useCases, Screens screens) {
    this.useCases = useCases;
    this.screens = screens;
  }

  Future<Reply> show(Visit visit, KeyRecord key) {
    return show(visit, 200, key, WebhookField.of(key));
  }

  /** Shows the page with the URL that was filled in, and what is wrong with it. */
  Future<Reply> refuse(Visit visit, KeyRecord key, String url, String complaint) {
    return show(visit, 422, key, new WebhookField(key.webhook() != null, url, complaint));
  }

  private Future<Reply> show(
      Visit visit, int status, KeyRecord key, @Nullable WebhookField webhook) {
    Instant now = useCases.clock().instant();
    List<UUID> alone = List.of(key.id());
    Future<List<HourlyRequests>> hours =
        useCases.usage().since(alone, UsageBar.from(now, UsageBar.WEEK));
    Future<Map<UUID, Instant>> limited = useCases.catalog().limited(alone);
    return Future.all(hours, limited)
        .map(
            both -> {
              KeyRow row = KeyRow.of(key, hours.result(), limited.result().get(key.id()), now);
              UsageBar plot = UsageBar.week(hours.result(), now);
              KeyDetail detail = KeyDetail.of(key, row, plot, webhook, now, Notice.of(visit));
              return screens.show(visit, status, "keys", row.name(), Templates.key(detail));
            });
  }
}
