// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.api.auth;

import dev.maglatch.session.SessionAccount;
import dev.maglatch.session.SessionTokens.Grant;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;

/** Sessions and accounts as clients of {@code /auth/v1} read them. */
final class AuthJson {
  private static final String AUTHENTICATED = "authenticated";
  private static final String PROVIDER = "email";

  private AuthJson() {}

  static JsonObject grant(Grant grant) {
    return new JsonObject()
        .put("access_token", grant.accessToken().reveal())
        .put("token_type", "bearer")
        .put("expires_in", Grant.EXPIRES_IN)
        .put("expires_at", grant.expiresAt())
        .put("refresh_token", grant.refreshToken().reveal())
        .put("user", user(grant.account()));
  }

  static JsonObject user(SessionAccount account) {
    return new JsonObject()
        .put("id", account.id().toString())
        .put("aud", AUTHENTICATED)
        .put("role", AUTHENTICATED)
        .put("email", account.email())
        .put("user_record_id", account.userRecordId())
        .put("organization_id", account.organizationId().toString())
        .put("organization_role", account.owner() ? "owner" : "member")
        .put(
            "app_metadata",
            new JsonObject()
                .put("provider", PROVIDER)
                .put("providers", new JsonArray().add(PROVIDER)))
        .put("user_metadata", new JsonObject())
        .put("created_at", account.createdAt().toString())
        .put("updated_at", account.updatedAt().toString());
  }
}
