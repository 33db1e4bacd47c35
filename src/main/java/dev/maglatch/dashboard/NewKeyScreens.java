// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.dashboard;

import dev.maglatch.key.KeyKind;
import dev.maglatch.manage.CreateKey;
import dev.maglatch.manage.Creation;
import dev.maglatch.manage.KeyOwner;
import dev.maglatch.manage.KeySettings;
import dev.maglatch.manage.Page;
import dev.maglatch.manage.ServiceAccountRecord;
import io.vertx.core.Future;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Making a key, and showing it once. */
final class NewKeyScreens {
  private static final Page ALL_OFFERED = new Page(500, 0);

  private final Surroundings surroundings;
  private final UseCases useCases;
  private final Screens screens;
  private final IssuedScreen issued;
  private final List<KeyKind> kinds;

  NewKeyScreens(
      Surroundings surroundings, UseCases useCases, Screens screens, IssuedScreen issued) {
    this.surroundings = surroundings;
    this.useCases = useCases;
    this.screens = screens;
    this.issued = issued;
    this.kinds = surroundings.kinds().stream().sorted().toList();
  }

  List<Route> routes() {
    return kinds.isEmpty()
        ? List.of()
        : List.of(Route.get("/keys/new", this::ask), Route.post("/keys", this::create));
  }

  private Future<Reply> ask(Visit visit) {
    return show(visit, 200, new KeyForm(visit.query(), useCases.clock().instant()));
  }

  private Future<Reply> show(Visit visit, int status, KeyForm form) {
    return serviceAccounts(visit)
        .map(
            accounts ->
                screens.show(
                    visit,
                    status,
                    "keys",
                    "Generate new key",
                    Templates.newKey(form, kinds, accounts, visit.modal())));
  }

  /** Only owners make keys for service accounts. */
  private Future<List<ServiceAccountRecord>> serviceAccounts(Visit visit) {
    return visit.owner() && kinds.contains(KeyKind.ORG)
        ? useCases
            .serviceAccounts()
            .list(visit.organizationId(), ALL_OFFERED)
            .map(all -> all.stream().filter(one -> one.disabledAt() == null).toList())
        : Future.succeededFuture(List.of());
  }

  private Future<Reply> create(Visit visit) {
    KeyForm form = new KeyForm(visit.form(), useCases.clock().instant());
    KeyKind kind = form.kind(kinds);
    KeySettings settings = form.settings(kind);
    String url = form.webhookUrl(kind, surroundings.acceptsUrl());
    UUID serviceAccount = serviceAccount(visit, form, kind);
    if (!form.isGood()) {
      return show(visit, 422, form);
    }
    KeyOwner owner = new KeyOwner(visit.organizationId(), visit.accountId(), serviceAccount);
    return useCases
        .keys()
        .create(new CreateKey(kind, owner, settings, url), visit.actor())
        .compose(creation -> created(visit, form, kind, creation));
  }

  private static @Nullable UUID serviceAccount(Visit visit, KeyForm form, KeyKind kind) {
    String chosen = form.value(KeyForm.SERVICE_ACCOUNT);
    if (kind != KeyKind.ORG || chosen.isEmpty()) {
      return null;
    }
    UUID id = KeyFinder.uuid(chosen);
    if (id == null || !visit.owner()) {
      form.complain(KeyForm.SERVICE_ACCOUNT, "Choose one of the list.");
    }
    return id;
  }

  private Future<Reply> created(Visit visit, KeyForm form, KeyKind kind, Creation creation) {
    switch (creation.outcome()) {
      case CREATED -> {
        return Future.succeededFuture(issued.show(visit, creation.key()));
      }
      case LIMIT_REACHED ->
          form.complain(
              "",
              "There are "
                  + useCases.keys().cap(kind)
                  + " active keys of this kind, and there can be no more. Revoke one first.");
      case NO_ACCOUNT -> form.complain("", "This account can make no keys any more.");
      case NO_SERVICE_ACCOUNT ->
          form.complain(KeyForm.SERVICE_ACCOUNT, "This service account is gone or disabled.");
    }
    return show(visit, 422, form);
  }
}
