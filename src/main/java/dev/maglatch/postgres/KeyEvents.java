// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.postgres;

import dev.maglatch.manage.Actor;
import dev.maglatch.manage.KeyRecord;
import dev.maglatch.postgres.WebhookEvents.Written;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlClient;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** What keys report about themselves, to the keys of the account that made them. */
final class KeyEvents {
  private KeyEvents() {}

  /** Tells of {@code key}, in the transaction that {@code client} is in, if it is in one. */
  static Future<@Nullable Written> write(
      SqlClient client, KeyRecord key, Actor actor, String event) {
    return WebhookEvents.write(client, key.owner().createdBy(), event, data(key, actor));
  }

  /** As {@link #write}, to the URL of that key alone. */
  static Future<@Nullable Written> writeToItself(
      SqlClient client, KeyRecord key, Actor actor, String event) {
    UUID account = key.owner().createdBy();
    return WebhookEvents.writeTo(client, key.id(), account, event, data(key, actor));
  }

  private static JsonObject data(KeyRecord key, Actor actor) {
    return new JsonObject()
        .put("id", key.id().toString())
        .put("name", key.settings().name())
        .put("key_prefix", key.prefix())
        .put("kind", key.kind().text())
        .put("account_id", key.owner().createdBy().toString())
        .put("actor", actor.name());
  }
}
