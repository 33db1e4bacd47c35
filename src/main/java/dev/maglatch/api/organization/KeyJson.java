// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.api.organization;

import dev.maglatch.key.KeyPolicy.RateLimit;
import dev.maglatch.manage.Creation.IssuedKey;
import dev.maglatch.manage.KeyOwner;
import dev.maglatch.manage.KeyRecord;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Keys in this dialect's JSON. Every member is always there, null if unset. */
final class KeyJson {
  private KeyJson() {}

  /** Renders a new key, with its token for the only time. */
  static JsonObject issued(IssuedKey issued) {
    return common(issued.key()).put("key", issued.token().reveal());
  }

  static JsonObject shown(KeyRecord key) {
    List<String> ranges = key.settings().policy().allowedIps();
    return common(key)
        .put("allowedIps", ranges == null ? null : new JsonArray(ranges))
        .put("rateLimit", rateLimit(key.settings().policy().rateLimit()));
  }

  private static JsonObject common(KeyRecord key) {
    KeyOwner owner = key.owner();
    return new JsonObject()
        .put("id", key.id().toString())
        .put("name", key.settings().name())
        .put("description", key.settings().description())
        .put("keyPrefix", key.prefix())
        .put("scope", key.settings().scope())
        .put("organizationId", owner.organizationId().toString())
        .put("userId", text(owner.userId()))
        .put("serviceAccountId", text(owner.serviceAccountId()))
        .put("createdBy", owner.createdBy().toString())
        .put("createdAt", Times.text(key.life().createdAt()))
        .put("expiresAt", Times.text(key.settings().expiresAt()))
        .put("revokedAt", Times.text(key.life().revokedAt()))
        .put("lastUsedAt", Times.text(key.use().at()))
        .put("lastUsedIp", key.use().ip())
        .put("lastUsedUserAgent", key.use().userAgent());
  }

  private static @Nullable JsonObject rateLimit(@Nullable RateLimit rate) {
    return rate == null
        ? null
        : new JsonObject().put("limit", rate.limit()).put("windowSeconds", rate.windowSeconds());
  }

  private static @Nullable String text(@Nullable UUID id) {
    return id == null ? null : id.toString();
  }
}
