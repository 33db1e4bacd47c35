// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.api.organization;

import dev.maglatch.manage.DeliveryRecord;
import dev.maglatch.manage.DeliveryRecord.Attempt;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Deliveries in this dialect's JSON. Every member is always there, null if unset. */
final class DeliveryJson {
  private DeliveryJson() {}

  static JsonObject listed(DeliveryRecord delivery) {
    JsonObject json =
        new JsonObject()
            .put("id", delivery.id().toString())
            .put("webhookId", delivery.webhookId().toString())
            .put("event", delivery.event())
            .put("status", delivery.status())
            .put("attempts", delivery.attempts())
            .put("createdAt", Times.text(delivery.createdAt()))
            .put("nextAttemptAt", Times.text(delivery.nextAttemptAt()));
    return put(json, delivery.history().isEmpty() ? null : delivery.history().get(0));
  }

  static JsonObject whole(DeliveryRecord delivery) {
    JsonArray history = new JsonArray();
    for (Attempt attempt : delivery.history()) {
      history.add(
          put(new JsonObject(), attempt).put("requestHeaders", json(attempt.requestHeaders())));
    }
    return listed(delivery).put("body", delivery.body()).put("history", history);
  }

  private static JsonObject put(JsonObject json, @Nullable Attempt attempt) {
    return json.put("attemptedAt", attempt == null ? null : Times.text(attempt.at()))
        .put("url", attempt == null ? null : attempt.url())
        .put("httpStatus", attempt == null ? null : attempt.httpStatus())
        .put("durationMs", attempt == null ? null : attempt.millis())
        .put("failure", attempt == null ? null : attempt.failure())
        .put("answer", attempt == null ? null : attempt.answer());
  }

  private static @Nullable JsonObject json(@Nullable Map<String, String> headers) {
    return headers == null ? null : new JsonObject(new LinkedHashMap<>(headers));
  }
}
