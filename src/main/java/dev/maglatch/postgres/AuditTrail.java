// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.postgres;

import dev.maglatch.manage.Actor;
import dev.maglatch.manage.KeyRecord;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.util.UUID;

/** Writes audit rows, each in the transaction of the change it tells of. */
final class AuditTrail {
  private static final String WRITE =
      """
      INSERT INTO audit
             (organization_id, actor, credential, address, action, entity, entity_id, detail)
      VALUES ($1::uuid, $2::text, $3::text, $4::text, $5::text, $6::text, $7::text, $8::jsonb)
      """;

  private AuditTrail() {}

  /**
   * What was done to what.
   *
   * @param action such as {@code api_key.created}
   * @param entity what kind of thing it was done to, such as {@code api_key}
   * @param detail never a token, a secret or a URL
   */
  record Entry(
      UUID organizationId, String action, String entity, UUID entityId, JsonObject detail) {

    /** Returns that {@code action} was done to {@code key}, with what it is now. */
    static Entry of(KeyRecord key, String action) {
      JsonObject detail =
          new JsonObject()
              .put("name", key.settings().name())
              .put("kind", key.kind().text())
              .put("key_prefix", key.prefix())
              .put("webhook", key.webhook() != null);
      UUID successor = key.life().successorId();
      if (successor != null) {
        detail.put("successor_id", successor.toString());
      }
      return new Entry(key.owner().organizationId(), action, "api_key", key.id(), detail);
    }

    Entry with(String name, Object value) {
      return new Entry(organizationId, action, entity, entityId, detail.copy().put(name, value));
    }
  }

  /** Notes that {@code actor} did it, in the transaction that {@code connection} is in. */
  static Future<Void> write(SqlConnection connection, Actor actor, Entry entry) {
    Tuple values =
        Tuple.of(
            entry.organizationId(),
            actor.name(),
            actor.credential(),
            actor.address(),
            entry.action(),
            entry.entity());
    values.addString(entry.entityId().toString()).addValue(entry.detail());
    return connection.preparedQuery(WRITE).execute(values).mapEmpty();
  }
}
