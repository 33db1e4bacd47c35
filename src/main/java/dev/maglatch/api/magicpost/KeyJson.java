// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.api.magicpost;

import dev.maglatch.key.Principal;
import dev.maglatch.manage.Creation.IssuedKey;
import dev.maglatch.manage.KeyRecord;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Keys in this dialect's JSON. Every member is always there, null if unset. */
final class KeyJson {
  private KeyJson() {}

  static JsonObject issued(IssuedKey issued) {
    KeyRecord key = issued.key();
    return new JsonObject()
        .put(
            "key",
            new JsonObject()
                .put("id", key.id().toString())
                .put("prefix", key.prefix())
                .put("name", key.settings().name()))
        .put("token", issued.token().reveal());
  }

  static JsonObject list(List<KeyRecord> found) {
    JsonArray all = new JsonArray();
    found.forEach(key -> all.add(listed(key)));
    return new JsonObject().put("keys", all);
  }

  private static JsonObject listed(KeyRecord key) {
    return new JsonObject()
        .put("id", key.id().toString())
        .put("prefix", key.prefix())
        .put("name", key.settings().name())
        .put("scopes", new JsonArray().add(Principal.SCOPE_MCP))
        .put("created_at", time(key.life().createdAt()))
        .put("last_used_at", time(key.use().at()))
        .put("revoked_at", time(key.life().revokedAt()));
  }

  /** Returns whole seconds with {@code Z}: a fraction is cut off, never rounded up. */
  private static @Nullable String time(@Nullable Instant instant) {
    return instant == null
        ? null
        : DateTimeFormatter.ISO_INSTANT.format(instant.truncatedTo(ChronoUnit.SECONDS));
  }
}
