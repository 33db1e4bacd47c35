// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.api.magicpost;

import static java.util.Objects.requireNonNull;

import dev.maglatch.api.Answer;
import dev.maglatch.api.Call;
import dev.maglatch.api.Ids;
import dev.maglatch.api.RevocationHeader;
import dev.maglatch.api.StrictJson;
import dev.maglatch.key.KeyKind;
import dev.maglatch.key.Principal;
import dev.maglatch.manage.CreateKey;
import dev.maglatch.manage.Creation;
import dev.maglatch.manage.KeyOwner;
import dev.maglatch.manage.KeyReach;
import dev.maglatch.manage.KeyRegistrar;
import dev.maglatch.manage.KeySettings;
import dev.maglatch.manage.Page;
import dev.maglatch.manage.Revocation;
import dev.maglatch.manage.RevokeOutcome;
import dev.maglatch.manage.TextRule;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import java.util.UUID;

/** Lists, makes and revokes the keys of the account that is signed in. */
final class ApiKeys {
  private static final String NOT_AN_OBJECT = "The body must be empty or a JSON object";
  private static final String BAD_NAME =
      "name must be a text of at most " + TextRule.MAX_NAME + " characters";

  private final KeyRegistrar keys;

  ApiKeys(KeyRegistrar keys) {
    this.keys = requireNonNull(keys, "keys");
  }

  Future<Answer> list(Call call) {
    return keys.list(reach(call), Page.WHOLE).map(found -> Answer.json(200, KeyJson.list(found)));
  }

  Future<Answer> create(Call call) {
    JsonObject body = call.body().length() == 0 ? new JsonObject() : StrictJson.object(call.body());
    if (body == null) {
      return Future.succeededFuture(MagicPostErrors.missingData(NOT_AN_OBJECT));
    }
    Object given = body.getValue("name");
    String name = given instanceof String text ? TextRule.trim(text) : "";
    boolean acceptable = given == null || given instanceof String;
    if (!acceptable || !TextRule.accepts(name, TextRule.MAX_NAME)) {
      return Future.succeededFuture(MagicPostErrors.missingData(BAD_NAME));
    }
    KeyReach reach = reach(call);
    KeyOwner owner = new KeyOwner(reach.organizationId(), account(call), null);
    KeySettings settings = KeySettings.named(name.isEmpty() ? null : name);
    return keys.create(new CreateKey(KeyKind.MP, owner, settings, null), call.actor())
        .map(this::created);
  }

  private Answer created(Creation creation) {
    return switch (creation.outcome()) {
      case CREATED -> Answer.json(201, KeyJson.issued(creation.key()));
      case LIMIT_REACHED -> MagicPostErrors.limitReached(keys.cap(KeyKind.MP));
      case NO_ACCOUNT, NO_SERVICE_ACCOUNT -> MagicPostErrors.authRequired();
    };
  }

  Future<Answer> revoke(Call call) {
    UUID id = Ids.uuid(call.pathParameter("id"));
    return id == null
        ? Future.succeededFuture(MagicPostErrors.keyNotFound())
        : keys.revoke(reach(call), id, call.actor()).map(ApiKeys::revoked);
  }

  private static Answer revoked(Revocation revocation) {
    Answer answer =
        revocation.outcome() == RevokeOutcome.REVOKED
            ? Answer.json(200, new JsonObject().put("success", true))
            : MagicPostErrors.keyNotFound();
    return RevocationHeader.on(answer, revocation.confirmation());
  }

  private static KeyReach reach(Call call) {
    Principal principal = call.principal();
    return new KeyReach(KeyKind.MP, principal.organizationId(), account(call));
  }

  private static UUID account(Call call) {
    return requireNonNull(call.principal().accountId(), "sessions belong to accounts");
  }
}
