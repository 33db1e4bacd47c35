// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.api.magpipe;

import dev.maglatch.manage.Creation.IssuedKey;
import dev.maglatch.manage.KeyRecord;
import dev.maglatch.manage.KeyRegistrar;
import dev.maglatch.manage.KeyWebhook;
import dev.maglatch.manage.WebhookChange;
import dev.maglatch.secret.Secret;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Keys in this dialect's JSON. Every member is always there, null if unset. */
final class KeyJson {
  private final KeyRegistrar keys;

  KeyJson(KeyRegistrar keys) {
    this.keys = keys;
  }

  JsonObject issued(IssuedKey issued) {
    KeyRecord key = issued.key();
    return new JsonObject()
        .put("key", issued.token().reveal())
        .put("id", key.id().toString())
        .put("name", key.settings().name())
        .put("key_prefix", key.prefix())
        .put("created_at", PostgresTime.text(key.life().createdAt()))
        .put("webhook_secret", text(issued.webhookSecret()));
  }

  JsonObject list(List<KeyRecord> found) {
    JsonArray all = new JsonArray();
    found.forEach(key -> all.add(listed(key)));
    return new JsonObject().put("keys", all);
  }

  private JsonObject listed(KeyRecord key) {
    KeyWebhook webhook = key.webhook();
    return new JsonObject()
        .put("id", key.id().toString())
        .put("name", key.settings().name())
        .put("key_prefix", key.prefix())
        .put("webhook_url", webhook == null ? null : webhook.url())
        .put("webhook_secret", text(keys.webhookSecret(key)))
        .put("is_active", key.life().active())
        .put("created_at", PostgresTime.text(key.life().createdAt()))
        .put("last_used_at", PostgresTime.text(key.use().at()));
  }

  static JsonObject changed(WebhookChange change) {
    return new JsonObject()
        .put("success", true)
        .put("webhook_url", change.url())
        .put("webhook_secret", text(change.secret()));
  }

  private static @Nullable String text(@Nullable Secret secret) {
    return secret == null ? null : secret.reveal();
  }
}
