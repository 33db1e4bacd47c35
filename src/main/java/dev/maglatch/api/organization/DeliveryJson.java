// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.api.organization;

import dev.maglatch.manage.DeliveryRecord;
import dev.maglatch.manage.DeliveryRecord.LastAttempt;
import io.vertx.core.json.JsonObject;

/** Deliveries in this dialect's JSON. Every member is always there, null if unset. */
final class DeliveryJson {
  private static final LastAttempt NONE = new LastAttempt(null, null, null, null, null, null);

  private DeliveryJson() {}

  static JsonObject listed(DeliveryRecord delivery) {
    LastAttempt last = delivery.last() == null ? NONE : delivery.last();
    return new JsonObject()
        .put("id", delivery.id().toString())
        .put("webhookId", delivery.webhookId().toString())
        .put("event", delivery.event())
        .put("status", delivery.status())
        .put("attempts", delivery.attempts())
        .put("createdAt", Times.text(delivery.createdAt()))
        .put("nextAttemptAt", Times.text(delivery.nextAttemptAt()))
        .put("attemptedAt", Times.text(last.at()))
        .put("url", last.url())
        .put("httpStatus", last.httpStatus())
        .put("durationMs", last.millis())
        .put("failure", last.failure())
        .put("answer", last.answer());
  }

  static JsonObject whole(DeliveryRecord delivery) {
    return listed(delivery).put("body", delivery.body());
  }
}
