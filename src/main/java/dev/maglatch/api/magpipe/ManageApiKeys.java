// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.api.magpipe;

import static java.util.Objects.requireNonNull;

import dev.maglatch.api.Answer;
import dev.maglatch.api.Call;
import dev.maglatch.api.Ids;
import dev.maglatch.api.Operation;
import dev.maglatch.api.Problem;
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
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** The one operation of this dialect; the body's {@code action} says what is wanted. */
final class ManageApiKeys implements Operation {
  private static final String INVALID_ACTION =
      "Invalid action. Use: generate, list, revoke, update";
  private static final String NAME_REQUIRED = "Key name is required";
  private static final String NAME_TOO_LONG = "Key name must be at most 64 characters";
  private static final String INVALID_URL = "Invalid webhook URL. Must be a valid HTTPS URL.";
  private static final String KEY_ID_REQUIRED = "key_id is required";
  private static final String NOT_FOUND = "API key not found";
  private static final String NOT_FOUND_OR_REVOKED = "API key not found or already revoked";

  private final KeyRegistrar keys;
  private final Predicate<String> urls;
  private final KeyJson render;

  ManageApiKeys(KeyRegistrar keys, Predicate<String> urls) {
    this.keys = requireNonNull(keys, "keys");
    this.urls = requireNonNull(urls, "urls");
    this.render = new KeyJson(keys);
  }

  @Override
  public Future<Answer> run(Call call) {
    JsonObject body = StrictJson.object(call.body());
    UUID account = call.principal().accountId();
    if (account == null) {
      return unauthorized();
    }
    if (body == null || !(body.getValue("action") instanceof String action)) {
      return refused(400, INVALID_ACTION);
    }
    return switch (action) {
      case "generate" -> generate(call, body, account);
      case "list" -> list(reach(call.principal(), account));
      case "update" -> update(call, body, reach(call.principal(), account));
      case "revoke" -> revoke(call, body, reach(call.principal(), account));
      default -> refused(400, INVALID_ACTION);
    };
  }

  private Future<Answer> generate(Call call, JsonObject body, UUID account) {
    String name = body.getValue("name") instanceof String text ? TextRule.trim(text) : "";
    if (name.isEmpty() || !TextRule.storable(name)) {
      return refused(400, NAME_REQUIRED);
    }
    if (!TextRule.fits(name, TextRule.MAX_NAME)) {
      return refused(400, NAME_TOO_LONG);
    }
    Object url = url(body);
    if (!acceptable(url)) {
      return refused(400, INVALID_URL);
    }
    KeyOwner owner = new KeyOwner(call.principal().organizationId(), account, null);
    CreateKey command = new CreateKey(KeyKind.MGP, owner, KeySettings.named(name), (String) url);
    return keys.create(command, call.actor()).compose(this::created);
  }

  private Future<Answer> created(Creation creation) {
    return switch (creation.outcome()) {
      case CREATED -> Future.succeededFuture(Answer.json(200, render.issued(creation.key())));
      case LIMIT_REACHED ->
          refused(400, "Maximum of " + keys.cap(KeyKind.MGP) + " active API keys allowed");
      case NO_ACCOUNT, NO_SERVICE_ACCOUNT -> unauthorized();
    };
  }

  private Future<Answer> list(KeyReach reach) {
    return keys.list(reach, Page.WHOLE).map(found -> Answer.json(200, render.list(found)));
  }

  private Future<Answer> update(Call call, JsonObject body, KeyReach reach) {
    if (!(body.getValue("key_id") instanceof String text) || text.isEmpty()) {
      return refused(400, KEY_ID_REQUIRED);
    }
    Object url = url(body);
    if (!acceptable(url)) {
      return refused(400, INVALID_URL);
    }
    UUID id = Ids.uuid(text);
    if (id == null) {
      return refused(404, NOT_FOUND);
    }
    return keys.setWebhook(reach, id, (String) url, call.actor())
        .map(
            change ->
                change == null
                    ? MagpipeRoutes.flat(404, NOT_FOUND)
                    : Answer.json(200, KeyJson.changed(change)));
  }

  private Future<Answer> revoke(Call call, JsonObject body, KeyReach reach) {
    if (!(body.getValue("key_id") instanceof String text) || text.isEmpty()) {
      return refused(400, KEY_ID_REQUIRED);
    }
    UUID id = Ids.uuid(text);
    return id == null
        ? refused(404, NOT_FOUND_OR_REVOKED)
        : keys.revoke(reach, id, call.actor()).map(ManageApiKeys::revoked);
  }

  private static Answer revoked(Revocation revocation) {
    Answer answer =
        revocation.outcome() == RevokeOutcome.REVOKED
            ? Answer.json(200, new JsonObject().put("success", true))
            : MagpipeRoutes.flat(404, NOT_FOUND_OR_REVOKED);
    return RevocationHeader.on(answer, revocation.confirmation());
  }

  /** Returns the wanted URL, null for none; an empty text and a missing one mean none. */
  private static @Nullable Object url(JsonObject body) {
    Object url = body.getValue("webhook_url");
    return "".equals(url) ? null : url;
  }

  private boolean acceptable(@Nullable Object url) {
    return url == null || (url instanceof String text && urls.test(text));
  }

  private static KeyReach reach(Principal principal, UUID account) {
    return new KeyReach(KeyKind.MGP, principal.organizationId(), account);
  }

  private static Future<Answer> refused(int status, String text) {
    return Future.succeededFuture(MagpipeRoutes.flat(status, text));
  }

  private static Future<Answer> unauthorized() {
    return refused(Problem.UNAUTHENTICATED.status(), Problem.UNAUTHENTICATED.text());
  }
}
