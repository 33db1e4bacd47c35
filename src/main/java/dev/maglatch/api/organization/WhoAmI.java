// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.api.organization;

import dev.maglatch.api.Answer;
import dev.maglatch.api.Call;
import dev.maglatch.key.Principal;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Tells who the credential is. */
final class WhoAmI {
  private WhoAmI() {}

  static Future<Answer> answer(Call call) {
    return Future.succeededFuture(Envelope.data(call, json(call.principal())));
  }

  private static JsonObject json(Principal who) {
    return new JsonObject()
        .put("accountId", text(who.accountId()))
        .put("organizationId", text(who.organizationId()))
        .put("serviceAccountId", text(who.serviceAccountId()))
        .put("keyId", text(who.keyId()))
        .put("scope", scope(who))
        .put("method", who.method().text());
  }

  /** Returns the scope as it was given to the key; null for what has every scope. */
  private static @Nullable String scope(Principal who) {
    if (who.scopes().contains(Principal.SCOPE_READ_WRITE)) {
      return Principal.SCOPE_READ_WRITE;
    }
    return who.scopes().stream().findFirst().orElse(null);
  }

  private static @Nullable String text(@Nullable UUID id) {
    return id == null ? null : id.toString();
  }
}
