// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.dashboard;

import dev.maglatch.key.KeyKind;
import dev.maglatch.manage.DeliveryBook.Selection;
import dev.maglatch.manage.DeliveryRecord;
import dev.maglatch.manage.KeyReach;
import dev.maglatch.manage.KeyRecord;
import dev.maglatch.manage.Page;
import dev.maglatch.manage.TextRule;
import dev.maglatch.secret.Secret;
import io.vertx.core.Future;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/** Where the events of a key go, what they are signed with, and what became of them. */
final class WebhookScreens {
  private static final Duration OVERLAP = Duration.ofDays(1);
  private static final int PAGE_SIZE = 50;

  private final Surroundings surroundings;
  private final UseCases useCases;
  private final Screens screens;
  private final KeyFinder finder;
  private final KeyPage page;

  WebhookScreens(Surroundings surroundings, UseCases useCases, Screens screens) {
    this.surroundings = surroundings;
    this.useCases = useCases;
    this.screens = screens;
    this.finder = new KeyFinder(useCases, screens);
    this.page = new KeyPage(useCases, screens);
  }

  List<Route> routes() {
    return List.of(
        Route.post("/keys/*/*/webhook", visit -> with(visit, (r, key) -> setUrl(visit, r, key))),
        Route.get(
            "/keys/*/*/remove-url", visit -> with(visit, (r, key) -> askToRemove(visit, key))),
        Route.post(
            "/keys/*/*/remove-url", visit -> with(visit, (r, key) -> save(visit, r, key, null))),
        Route.post("/keys/*/*/secret", visit -> with(visit, (r, key) -> reveal(visit, key))),
        Route.get("/keys/*/*/new-secret", visit -> with(visit, (r, key) -> askToRenew(visit, key))),
        Route.post("/keys/*/*/new-secret", visit -> with(visit, (r, key) -> renew(visit, r, key))),
        Route.post("/keys/*/*/test", visit -> with(visit, (r, key) -> test(visit, r, key))),
        Route.get("/keys/*/*/deliveries", visit -> with(visit, (r, key) -> list(visit, r, key))),
        Route.get("/keys/*/*/deliveries/*", visit -> with(visit, (r, key) -> one(visit, r, key))),
        Route.post(
            "/keys/*/*/deliveries/*", visit -> with(visit, (r, key) -> replay(visit, r, key))));
  }

  /**
   * Whether a key may have a webhook: the MagicPost dialect knows none, and events of an account do
   * not go to keys of service accounts.
   */
  static boolean fits(KeyRecord key) {
    return key.kind() != KeyKind.MP && key.owner().serviceAccountId() == null;
  }

  private Future<Reply> with(Visit visit, BiFunction<KeyReach, KeyRecord, Future<Reply>> next) {
    return finder.with(
        visit,
        (reach, key) ->
            fits(key) ? next.apply(reach, key) : Future.succeededFuture(finder.notFound(visit)));
  }

  /** Sets the URL that was filled in; none that takes the place of one is asked about first. */
  private Future<Reply> setUrl(Visit visit, KeyReach reach, KeyRecord key) {
    String url = visit.form().text("webhook_url");
    if (url.isEmpty() && key.webhook() != null) {
      return Future.succeededFuture(Reply.seeOther(KeyRow.path(key) + "/remove-url"));
    }
    if (!url.isEmpty()
        && (url.length() > TextRule.MAX_URL || !surroundings.acceptsUrl().test(url))) {
      return page.refuse(visit, key, url, KeyForm.URL_NOT_ACCEPTED);
    }
    return save(visit, reach, key, url.isEmpty() ? null : url);
  }

  private Future<Reply> askToRemove(Visit visit, KeyRecord key) {
    KeyRow row = KeyRow.of(key, useCases.clock().instant());
    return Future.succeededFuture(
        screens.show(visit, "keys", "Remove the URL?", Templates.removeUrl(row)));
  }

  private Future<Reply> save(Visit visit, KeyReach reach, KeyRecord key, @Nullable String url) {
    return useCases
        .keys()
        .setWebhook(reach, key.id(), url, visit.actor())
        .map(
            change ->
                (change == null
                        ? Notice.NO_WEBHOOK
                        : url == null ? Notice.URL_CLEARED : Notice.URL_SET)
                    .at(KeyRow.path(key)));
  }

  /** Asked for with POST, so that no link and no history leads there. */
  private Future<Reply> reveal(Visit visit, KeyRecord key) {
    return Future.succeededFuture(secret(visit, key, useCases.keys().webhookSecret(key), null));
  }

  private Future<Reply> askToRenew(Visit visit, KeyRecord key) {
    KeyRow row = KeyRow.of(key, useCases.clock().instant());
    return Future.succeededFuture(
        screens.show(visit, "keys", "Rotate the secret?", Templates.newSecret(row, visit.modal())));
  }

  private Future<Reply> renew(Visit visit, KeyReach reach, KeyRecord key) {
    return useCases
        .keys()
        .rotateWebhookSecret(reach, key.id(), OVERLAP, visit.actor())
        .map(
            change ->
                secret(
                    visit,
                    key,
                    change == null ? null : change.secret(),
                    Notice.SECRET_REPLACED.text()));
  }

  private Reply secret(
      Visit visit, KeyRecord key, @Nullable Secret secret, @Nullable String notice) {
    return secret == null
        ? Notice.NO_WEBHOOK.at(KeyRow.path(key))
        : screens.show(
            visit,
            "keys",
            "Webhook secret",
            Templates.secret(secret.reveal(), notice, KeyRow.path(key)));
  }

  private Future<Reply> test(Visit visit, KeyReach reach, KeyRecord key) {
    return useCases
        .deliveries()
        .test(reach, key.id(), visit.actor())
        .map(
            id ->
                id == null
                    ? Notice.NO_WEBHOOK.at(KeyRow.path(key))
                    : Notice.TEST_SENT.at(KeyRow.path(key) + "/deliveries"));
  }

  private Future<Reply> list(Visit visit, KeyReach reach, KeyRecord key) {
    int page = visit.query().page();
    return useCases
        .deliveries()
        .list(reach, key.id(), null, new Page(PAGE_SIZE + 1, (page - 1) * PAGE_SIZE))
        .map(
            found ->
                found.isEmpty() && page > 1
                    ? Reply.seeOther(KeyRow.path(key) + "/deliveries")
                    : listed(visit, key, page, found));
  }

  /**
   * @param found one more than is shown if there are older ones
   */
  private Reply listed(Visit visit, KeyRecord key, int page, List<DeliveryRecord> found) {
    Instant now = useCases.clock().instant();
    return screens.show(
        visit,
        "keys",
        "Deliveries of " + KeyRow.name(key),
        Templates.deliveries(
            KeyRow.path(key),
            found.stream().limit(PAGE_SIZE).map(one -> DeliveryView.of(one, now)).toList(),
            page,
            found.size() > PAGE_SIZE,
            Notice.of(visit)));
  }

  private Future<Reply> one(Visit visit, KeyReach reach, KeyRecord key) {
    return delivery(visit, reach, key)
        .map(
            found ->
                found == null
                    ? screens.problem(visit, 404, "Not found", "There is no such delivery.")
                    : screens.show(
                        visit,
                        "keys",
                        found.event(),
                        Templates.delivery(
                            KeyRow.path(key),
                            DeliveryView.of(found, useCases.clock().instant()),
                            Notice.of(visit))));
  }

  private Future<Reply> replay(Visit visit, KeyReach reach, KeyRecord key) {
    return delivery(visit, reach, key)
        .compose(
            found ->
                found == null
                    ? Future.succeededFuture(
                        screens.problem(visit, 404, "Not found", "There is no such delivery."))
                    : useCases
                        .deliveries()
                        .replay(reach, key.id(), Selection.one(found.id()), visit.actor())
                        .map(
                            count ->
                                (count == 0 ? Notice.NOT_REPLAYED : Notice.REPLAYED)
                                    .at(KeyRow.path(key) + "/deliveries/" + found.id())));
  }

  private Future<@Nullable DeliveryRecord> delivery(Visit visit, KeyReach reach, KeyRecord key) {
    UUID id = KeyFinder.uuid(visit.parts().get(2));
    return id == null ? Future.succeededFuture() : useCases.deliveries().find(reach, key.id(), id);
  }
}
