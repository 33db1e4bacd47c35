// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.api.organization;

import static java.util.Objects.requireNonNull;

import dev.maglatch.api.Answer;
import dev.maglatch.api.Call;
import dev.maglatch.api.IdempotencyHeader;
import dev.maglatch.api.Ids;
import dev.maglatch.api.Problem;
import dev.maglatch.api.RevocationHeader;
import dev.maglatch.api.StrictJson;
import dev.maglatch.key.KeyKind;
import dev.maglatch.key.Principal;
import dev.maglatch.manage.CreateKey;
import dev.maglatch.manage.Creation;
import dev.maglatch.manage.Idempotency;
import dev.maglatch.manage.KeyOwner;
import dev.maglatch.manage.KeyRegistrar;
import dev.maglatch.manage.KeySettings;
import dev.maglatch.manage.Revocation;
import dev.maglatch.manage.RevokeOutcome;
import dev.maglatch.manage.SingleCreation;
import dev.maglatch.secret.Secret;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Set;
import java.util.UUID;
import java.util.function.BiFunction;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** The routes of keys. A key out of reach is answered as one that does not exist. */
final class KeyRoutes {
  private static final int MAX_GRACE_SECONDS = 604_800;
  private static final String NOT_FOUND = "API key not found";
  private static final String NOT_FOUND_OR_REVOKED = "API key not found or already revoked";
  private static final String NO_SERVICE_ACCOUNT =
      "serviceAccountId must be an active service account of this organization";
  private static final String OWNERS_ONLY =
      "Only owners make keys for service accounts, and a service account for itself";

  private final KeyRegistrar keys;
  private final InstantSource clock;
  private final Supplier<Future<Void>> storeUses;

  KeyRoutes(UseCases useCases) {
    this.keys = useCases.keys();
    this.clock = useCases.clock();
    this.storeUses = useCases.storeUses();
  }

  Future<Answer> create(Call call) {
    return withBody(call, (body, fields) -> create(call, body, fields));
  }

  private Future<Answer> create(Call call, JsonObject body, Fields fields) {
    if (fields.has("scope") && body.getValue("scope") == null) {
      body.remove("scope"); // null is the default, as for every other member
    }
    KeySettings settings = KeyFields.settings(fields, clock.instant());
    UUID serviceAccount = fields.id("serviceAccountId");
    String complaint = fields.complaint();
    if (complaint != null) {
      return Envelope.refused(call, 400, complaint);
    }
    Principal who = call.principal();
    if (!mayMakeKeysOf(who, serviceAccount)) {
      return Envelope.refused(call, 403, OWNERS_ONLY);
    }
    return owner(who, serviceAccount)
        .compose(
            owner ->
                owner == null
                    ? Envelope.refused(call, Problem.UNAUTHENTICATED)
                    : create(call, new CreateKey(KeyKind.ORG, owner, settings, null)));
  }

  private Future<Answer> create(Call call, CreateKey command) {
    if (!IdempotencyKey.isSent(call)) {
      return keys.create(command, call.actor()).map(creation -> created(call, creation));
    }
    Idempotency once = IdempotencyKey.of(call);
    return once == null
        ? Envelope.refused(call, 400, IdempotencyHeader.COMPLAINT)
        : storeUses
            .get()
            .compose(stored -> keys.createOnce(command, once, call.actor()))
            .map(creation -> createdOnce(call, creation));
  }

  private Answer createdOnce(Call call, SingleCreation single) {
    return switch (single.repetition()) {
      case FIRST -> created(call, single.outcome());
      case REPLAYED ->
          RevocationHeader.on(
              created(call, single.outcome()).with(IdempotencyHeader.REPLAYED, "true"),
              single.confirmation());
      case USED ->
          Envelope.error(call, 409, "The key that this Idempotency-Key made is in use or over");
      case OTHER_BODY ->
          Envelope.error(call, 422, "This Idempotency-Key was sent with another body");
      case RUNNING ->
          Envelope.error(call, 409, "The first request with this Idempotency-Key still runs");
    };
  }

  private Answer created(Call call, Creation creation) {
    return switch (creation.outcome()) {
      case CREATED -> Envelope.data(call, KeyJson.issued(creation.key()));
      case LIMIT_REACHED ->
          Envelope.error(
              call, 400, "Maximum of " + keys.cap(KeyKind.ORG) + " active API keys reached");
      case NO_SERVICE_ACCOUNT -> Envelope.error(call, 400, NO_SERVICE_ACCOUNT);
      case NO_ACCOUNT -> Envelope.problem(Problem.UNAUTHENTICATED, call);
    };
  }

  /** A key for a service account carries its permissions, so not everybody may have one. */
  private static boolean mayMakeKeysOf(Principal who, @Nullable UUID serviceAccount) {
    return serviceAccount == null || who.owner() || serviceAccount.equals(who.serviceAccountId());
  }

  /**
   * Returns whom a new key belongs to. A service account's key makes keys for its service account,
   * in the name of the account that made it itself; null if it is gone meanwhile.
   */
  private Future<@Nullable KeyOwner> owner(Principal who, @Nullable UUID serviceAccount) {
    UUID account = who.accountId();
    if (account != null) {
      return Future.succeededFuture(new KeyOwner(who.organizationId(), account, serviceAccount));
    }
    UUID keyId = requireNonNull(who.keyId(), "only keys speak for service accounts");
    return keys.find(Reach.of(who), keyId).map(key -> key == null ? null : key.owner());
  }

  Future<Answer> list(Call call) {
    Paging paging = Paging.of(call);
    return paging == null
        ? Envelope.refused(call, 400, Paging.COMPLAINT)
        : keys.list(Reach.of(call.principal()), paging.page())
            .map(found -> Envelope.data(call, paging.data(found, KeyJson::shown)));
  }

  Future<Answer> get(Call call) {
    UUID id = id(call);
    return id == null
        ? Envelope.refused(call, 404, NOT_FOUND)
        : keys.find(Reach.of(call.principal()), id)
            .map(
                key ->
                    key == null
                        ? Envelope.error(call, 404, NOT_FOUND)
                        : Envelope.data(call, KeyJson.shown(key)));
  }

  Future<Answer> update(Call call) {
    return withBody(call, (body, fields) -> update(call, fields));
  }

  private Future<Answer> update(Call call, Fields fields) {
    fields.refuseOthersThan(KeyFields.ALL);
    UnaryOperator<KeySettings> edit = KeyFields.edit(fields, clock.instant());
    String complaint = fields.complaint();
    if (complaint != null) {
      return Envelope.refused(call, 400, complaint);
    }
    UUID id = id(call);
    if (id == null) {
      return Envelope.refused(call, 404, NOT_FOUND);
    }
    return keys.update(Reach.of(call.principal()), id, edit, call.actor())
        .map(
            update ->
                update == null
                    ? Envelope.error(call, 404, NOT_FOUND)
                    : RevocationHeader.on(
                        Envelope.data(call, KeyJson.shown(update.key())), update.confirmation()));
  }

  Future<Answer> rotate(Call call) {
    return call.body().length() == 0
        ? rotate(call, new Fields(new JsonObject()))
        : withBody(call, (body, fields) -> rotate(call, fields));
  }

  private Future<Answer> rotate(Call call, Fields fields) {
    int grace = fields.integer("gracePeriodSeconds", 0, 0, MAX_GRACE_SECONDS);
    String complaint = fields.complaint();
    if (complaint != null) {
      return Envelope.refused(call, 400, complaint);
    }
    UUID id = id(call);
    if (id == null) {
      return Envelope.refused(call, 404, NOT_FOUND);
    }
    return keys.rotate(Reach.of(call.principal()), id, Duration.ofSeconds(grace), call.actor())
        .map(
            rotation ->
                rotation == null
                    ? Envelope.error(call, 404, NOT_FOUND)
                    : RevocationHeader.on(
                        Envelope.data(call, KeyJson.issued(rotation.successor())),
                        rotation.confirmation()));
  }

  Future<Answer> revoke(Call call) {
    UUID id = id(call);
    return id == null
        ? Envelope.refused(call, 404, NOT_FOUND_OR_REVOKED)
        : keys.revoke(Reach.of(call.principal()), id, call.actor())
            .map(revocation -> revoked(call, revocation));
  }

  /** Whoever knows a token may end it; a key that may only read ends itself alone. */
  Future<Answer> revokeToken(Call call) {
    return withBody(call, (body, fields) -> revokeToken(call, fields));
  }

  private Future<Answer> revokeToken(Call call, Fields fields) {
    String token = fields.text("token");
    String complaint = fields.complaint();
    if (call.principal().readOnly() && !token.equals(call.bearer().text())) {
      return Envelope.refused(call, Problem.FORBIDDEN);
    }
    return complaint != null
        ? Envelope.refused(call, 400, complaint)
        : keys.revokeToken(Set.of(KeyKind.ORG), new Secret(token), call.actor())
            .map(revocation -> revoked(call, revocation));
  }

  private static Answer revoked(Call call, Revocation revocation) {
    Answer answer =
        revocation.outcome() == RevokeOutcome.REVOKED
            ? Envelope.done(call)
            : Envelope.error(call, 404, NOT_FOUND_OR_REVOKED);
    return RevocationHeader.on(answer, revocation.confirmation());
  }

  static Future<Answer> withBody(
      Call call, BiFunction<JsonObject, Fields, Future<Answer>> operation) {
    JsonObject body = StrictJson.object(call.body());
    return body == null
        ? Envelope.refused(call, Problem.MALFORMED_BODY)
        : operation.apply(body, new Fields(body));
  }

  private static @Nullable UUID id(Call call) {
    return Ids.uuid(call.pathParameter("id"));
  }
}
