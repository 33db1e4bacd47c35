// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.api.organization;

import dev.maglatch.api.Answer;
import dev.maglatch.api.Call;
import dev.maglatch.api.Ids;
import dev.maglatch.api.Problem;
import dev.maglatch.api.RevocationHeader;
import dev.maglatch.key.Principal;
import dev.maglatch.manage.ServiceAccountChange;
import dev.maglatch.manage.ServiceAccountRecord;
import dev.maglatch.manage.ServiceAccountRegistrar;
import dev.maglatch.manage.ServiceAccountSettings;
import io.vertx.core.Future;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** The routes of service accounts: all of an organization read them, its owners change them. */
final class ServiceAccountRoutes {
  private static final Set<String> FIELDS = Set.of("name", "description", "permissions");
  private static final String NOT_FOUND = "Service account not found";
  private static final String OWNERS_ONLY = "Only owners change service accounts";
  private static final String NAME_TAKEN = "A service account of that name exists already";
  private static final String PERMISSIONS =
      "permissions must be a list of visible ASCII texts without commas, 4096 characters in all";

  private final ServiceAccountRegistrar accounts;

  ServiceAccountRoutes(ServiceAccountRegistrar accounts) {
    this.accounts = accounts;
  }

  Future<Answer> create(Call call) {
    UUID creator = owner(call);
    return creator == null
        ? Envelope.refused(call, 403, OWNERS_ONLY)
        : KeyRoutes.withBody(call, (body, fields) -> create(call, creator, fields));
  }

  private Future<Answer> create(Call call, UUID creator, Fields fields) {
    ServiceAccountSettings settings =
        new ServiceAccountSettings(
            fields.name("name"), fields.description("description"), permissions(fields));
    String complaint = fields.complaint();
    return complaint != null
        ? Envelope.refused(call, 400, complaint)
        : accounts
            .create(call.principal().organizationId(), creator, settings, call.actor())
            .map(change -> changed(call, change));
  }

  Future<Answer> list(Call call) {
    Paging paging = Paging.of(call);
    return paging == null
        ? Envelope.refused(call, 400, Paging.COMPLAINT)
        : accounts
            .list(call.principal().organizationId(), paging.page())
            .map(found -> Envelope.data(call, paging.data(found, ServiceAccountRoutes::json)));
  }

  Future<Answer> get(Call call) {
    UUID id = id(call);
    return id == null
        ? Envelope.refused(call, 404, NOT_FOUND)
        : accounts
            .find(call.principal().organizationId(), id)
            .map(
                account ->
                    account == null
                        ? Envelope.error(call, 404, NOT_FOUND)
                        : Envelope.data(call, json(account)));
  }

  Future<Answer> update(Call call) {
    return owner(call) == null
        ? Envelope.refused(call, 403, OWNERS_ONLY)
        : KeyRoutes.withBody(call, (body, fields) -> update(call, fields));
  }

  private Future<Answer> update(Call call, Fields fields) {
    fields.refuseOthersThan(FIELDS);
    UnaryOperator<ServiceAccountSettings> edit = edit(fields);
    String complaint = fields.complaint();
    if (complaint != null) {
      return Envelope.refused(call, 400, complaint);
    }
    UUID id = id(call);
    return id == null
        ? Envelope.refused(call, 404, NOT_FOUND)
        : accounts
            .update(call.principal().organizationId(), id, edit, call.actor())
            .map(change -> changed(call, change));
  }

  private static UnaryOperator<ServiceAccountSettings> edit(Fields fields) {
    String name = fields.has("name") ? fields.name("name") : null;
    String description = fields.description("description");
    List<String> permissions = fields.has("permissions") ? permissions(fields) : null;
    return old ->
        new ServiceAccountSettings(
            name == null ? old.name() : name,
            fields.has("description") ? description : old.description(),
            permissions == null ? old.permissions() : permissions);
  }

  Future<Answer> disable(Call call) {
    return setDisabled(call, true);
  }

  Future<Answer> enable(Call call) {
    return setDisabled(call, false);
  }

  private Future<Answer> setDisabled(Call call, boolean disabled) {
    UUID organization = call.principal().organizationId();
    UUID id = id(call);
    if (owner(call) == null) {
      return Envelope.refused(call, 403, OWNERS_ONLY);
    }
    if (id == null) {
      return Envelope.refused(call, 404, NOT_FOUND);
    }
    return (disabled
            ? accounts.disable(organization, id, call.actor())
            : accounts.enable(organization, id, call.actor()))
        .map(change -> changed(call, change));
  }

  private static Answer changed(Call call, ServiceAccountChange change) {
    return switch (change.outcome()) {
      case DONE ->
          RevocationHeader.on(Envelope.data(call, json(change.done())), change.confirmation());
      case NAME_TAKEN -> Envelope.error(call, 409, NAME_TAKEN);
      case UNKNOWN -> Envelope.error(call, 404, NOT_FOUND);
      case NO_ACCOUNT -> Envelope.problem(Problem.UNAUTHENTICATED, call);
    };
  }

  private static JsonObject json(ServiceAccountRecord account) {
    return new JsonObject()
        .put("id", account.id().toString())
        .put("name", account.settings().name())
        .put("description", account.settings().description())
        .put("permissions", new JsonArray(account.settings().permissions()))
        .put("status", account.disabledAt() == null ? "active" : "disabled")
        .put("organizationId", account.organizationId().toString())
        .put("createdBy", account.createdBy().toString())
        .put("createdAt", Times.text(account.createdAt()))
        .put("updatedAt", Times.text(account.updatedAt()))
        .put("disabledAt", Times.text(account.disabledAt()));
  }

  private static List<String> permissions(Fields fields) {
    List<String> permissions = fields.texts("permissions", PERMISSIONS);
    if (permissions == null || !ServiceAccountSettings.acceptsPermissions(permissions)) {
      fields.complain(PERMISSIONS);
      return List.of();
    }
    return permissions;
  }

  /** Returns the account of an owner; null for anybody else. */
  private static @Nullable UUID owner(Call call) {
    Principal who = call.principal();
    return who.owner() ? who.accountId() : null;
  }

  private static @Nullable UUID id(Call call) {
    return Ids.uuid(call.pathParameter("id"));
  }
}
