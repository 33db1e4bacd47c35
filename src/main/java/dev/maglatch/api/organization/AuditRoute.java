// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.api.organization;

import dev.maglatch.api.Answer;
import dev.maglatch.api.Call;
import dev.maglatch.manage.AuditLog;
import dev.maglatch.manage.AuditRecord;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;

/** What was changed in the organization, for its owners. */
final class AuditRoute {
  private static final String OWNERS_ONLY = "Only owners read the audit";

  private final AuditLog audit;

  AuditRoute(AuditLog audit) {
    this.audit = audit;
  }

  Future<Answer> list(Call call) {
    if (!call.principal().owner()) {
      return Envelope.refused(call, 403, OWNERS_ONLY);
    }
    Paging paging = Paging.of(call);
    return paging == null
        ? Envelope.refused(call, 400, Paging.COMPLAINT)
        : audit
            .list(call.principal().organizationId(), paging.page())
            .map(found -> Envelope.data(call, paging.data(found, AuditRoute::json)));
  }

  private static JsonObject json(AuditRecord row) {
    return new JsonObject()
        .put("id", row.id())
        .put("occurredAt", Times.text(row.occurredAt()))
        .put("actor", row.actor())
        .put("credential", row.credential())
        .put("address", row.address())
        .put("action", row.action())
        .put("entity", row.entity())
        .put("entityId", row.entityId())
        .put("detail", row.detail());
  }
}
