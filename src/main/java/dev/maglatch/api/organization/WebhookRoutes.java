// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.api.organization;

import dev.maglatch.api.Answer;
import dev.maglatch.api.Call;
import dev.maglatch.api.Ids;
import dev.maglatch.key.KeyKind;
import dev.maglatch.key.Principal;
import dev.maglatch.manage.DeliveryBook;
import dev.maglatch.manage.DeliveryBook.Selection;
import dev.maglatch.manage.DeliveryRecord;
import dev.maglatch.manage.KeyReach;
import dev.maglatch.manage.KeyRegistrar;
import dev.maglatch.manage.WebhookChange;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/**
 * The routes of a key's webhook: what was delivered, once more, a test, a new secret.
 *
 * <p>A session reaches its account's Magpipe keys here too, since their own dialect has no place
 * for this.
 */
final class WebhookRoutes {
  private static final Set<String> STATUSES = Set.of("pending", "delivered", "dead", "gone");
  private static final Set<String> RANGE = Set.of("status", "from", "until");
  private static final String STATUS_COMPLAINT = "status must be pending, delivered, dead or gone";
  private static final String NOT_FOUND = "API key not found";
  private static final String DELIVERY_NOT_FOUND = "Delivery not found";
  private static final String NO_WEBHOOK = "This key is not active or has no webhook URL";
  private static final int MOST_REPLAYED = 1_000;
  private static final int DEFAULT_OVERLAP_SECONDS = 86_400;
  private static final int MAX_OVERLAP_SECONDS = 604_800;

  private final KeyRegistrar keys;
  private final DeliveryBook deliveries;

  WebhookRoutes(UseCases useCases) {
    this.keys = useCases.keys();
    this.deliveries = useCases.deliveries();
  }

  Future<Answer> list(Call call) {
    Paging paging = Paging.of(call);
    String status = call.query("status");
    if (paging == null) {
      return Envelope.refused(call, 400, Paging.COMPLAINT);
    }
    if (status != null && !STATUSES.contains(status)) {
      return Envelope.refused(call, 400, STATUS_COMPLAINT);
    }
    return withKey(
        call,
        (reach, key) ->
            deliveries
                .list(reach, key, status, paging.page())
                .map(found -> Envelope.data(call, paging.data(found, DeliveryJson::listed))));
  }

  Future<Answer> get(Call call) {
    return withDelivery(
        call,
        (reach, key, found) ->
            Future.succeededFuture(Envelope.data(call, DeliveryJson.whole(found))));
  }

  Future<Answer> replayOne(Call call) {
    return withDelivery(
        call,
        (reach, key, found) ->
            deliveries
                .replay(reach, key, Selection.one(found.id()), call.actor())
                .map(count -> replayed(call, count)));
  }

  private static Answer replayed(Call call, int count) {
    return count == 0
        ? Envelope.error(call, 409, NO_WEBHOOK + ", or the delivery is just being attempted")
        : Envelope.data(call, new JsonObject().put("replayed", count));
  }

  Future<Answer> replayRange(Call call) {
    return KeyRoutes.withBody(call, (body, fields) -> replayRange(call, fields));
  }

  private Future<Answer> replayRange(Call call, Fields fields) {
    fields.refuseOthersThan(RANGE);
    String status = fields.has("status") ? fields.text("status") : "dead";
    Instant from = fields.time("from");
    Instant until = fields.time("until");
    if (!STATUSES.contains(status)) {
      fields.complain(STATUS_COMPLAINT);
    }
    String complaint = fields.complaint();
    return complaint != null
        ? Envelope.refused(call, 400, complaint)
        : withKey(
            call,
            (reach, key) ->
                deliveries
                    .replay(
                        reach,
                        key,
                        new Selection(null, status, from, until, MOST_REPLAYED),
                        call.actor())
                    .map(count -> Envelope.data(call, new JsonObject().put("replayed", count))));
  }

  Future<Answer> test(Call call) {
    return withKey(
        call,
        (reach, key) ->
            deliveries
                .test(reach, key, call.actor())
                .map(
                    id ->
                        id == null
                            ? Envelope.error(call, 409, NO_WEBHOOK)
                            : Envelope.data(
                                call, new JsonObject().put("deliveryId", id.toString()))));
  }

  Future<Answer> rotateSecret(Call call) {
    return call.body().length() == 0
        ? rotateSecret(call, new Fields(new JsonObject()))
        : KeyRoutes.withBody(call, (body, fields) -> rotateSecret(call, fields));
  }

  private Future<Answer> rotateSecret(Call call, Fields fields) {
    int seconds = fields.integer("overlapSeconds", DEFAULT_OVERLAP_SECONDS, 0, MAX_OVERLAP_SECONDS);
    String complaint = fields.complaint();
    return complaint != null
        ? Envelope.refused(call, 400, complaint)
        : withKey(
            call,
            (reach, key) ->
                keys.rotateWebhookSecret(reach, key, Duration.ofSeconds(seconds), call.actor())
                    .map(change -> secretRotated(call, change)));
  }

  private static Answer secretRotated(Call call, @Nullable WebhookChange change) {
    return change == null || change.secret() == null
        ? Envelope.error(call, 409, NO_WEBHOOK)
        : Envelope.data(
            call,
            new JsonObject()
                .put("webhookUrl", change.url())
                .put("webhookSecret", change.secret().reveal()));
  }

  /** Runs {@code operation} on the delivery of the path, as far as its key is within reach. */
  private Future<Answer> withDelivery(Call call, OnDelivery operation) {
    UUID id = Ids.uuid(call.pathParameter("deliveryId"));
    return withKey(
        call,
        (reach, key) ->
            (id == null
                    ? Future.<@Nullable DeliveryRecord>succeededFuture()
                    : deliveries.find(reach, key, id))
                .compose(
                    found ->
                        found == null
                            ? Envelope.refused(call, 404, DELIVERY_NOT_FOUND)
                            : operation.run(reach, key, found)));
  }

  /**
   * Runs {@code operation} on the key of the path, as far as it is within a reach of the caller.
   */
  private Future<Answer> withKey(Call call, BiFunction<KeyReach, UUID, Future<Answer>> operation) {
    UUID id = Ids.uuid(call.pathParameter("id"));
    return id == null
        ? Envelope.refused(call, 404, NOT_FOUND)
        : within(reaches(call.principal()), 0, id)
            .compose(
                reach ->
                    reach == null
                        ? Envelope.refused(call, 404, NOT_FOUND)
                        : operation.apply(reach, id));
  }

  private Future<@Nullable KeyReach> within(List<KeyReach> reaches, int index, UUID id) {
    return index == reaches.size()
        ? Future.succeededFuture()
        : keys.find(reaches.get(index), id)
            .compose(
                key ->
                    key == null
                        ? within(reaches, index + 1, id)
                        : Future.succeededFuture(reaches.get(index)));
  }

  private static List<KeyReach> reaches(Principal who) {
    List<KeyReach> reaches = new ArrayList<>();
    reaches.add(Reach.of(who));
    if (who.keyId() == null && who.accountId() != null) {
      reaches.add(new KeyReach(KeyKind.MGP, who.organizationId(), who.accountId()));
    }
    return reaches;
  }

  /** What is done with one delivery of one key. */
  @FunctionalInterface
  private interface OnDelivery {
    Future<Answer> run(KeyReach reach, UUID key, DeliveryRecord delivery);
  }
}
