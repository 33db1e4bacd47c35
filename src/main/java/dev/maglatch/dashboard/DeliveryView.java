// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.dashboard;

import dev.maglatch.manage.DeliveryRecord;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * One delivery as people read it.
 *
 * @param next when it is attempted again; null for never, or now
 * @param body null in a list
 */
record DeliveryView(
    String id,
    String event,
    Badge status,
    Moment made,
    @Nullable Moment next,
    int attempts,
    List<AttemptView> history,
    @Nullable String body) {

  /**
   * One attempt.
   *
   * @param outcome the status of the answer, or why there was none, or why nothing was sent
   * @param request what was sent before the body, a line for each header
   * @param answer what came back; empty if nothing did
   */
  record AttemptView(Moment at, String outcome, String url, String request, String answer) {}

  static DeliveryView of(DeliveryRecord delivery, Instant now) {
    List<AttemptView> history = new ArrayList<>();
    delivery.history().forEach(attempt -> history.add(attempt(attempt, now)));
    return new DeliveryView(
        delivery.id().toString(),
        delivery.event(),
        status(delivery.status()),
        Moment.of(delivery.createdAt(), now),
        Moment.orNull(delivery.nextAttemptAt(), now),
        delivery.attempts(),
        history,
        delivery.body());
  }

  private static Badge status(String status) {
    return switch (status) {
      case "delivered" -> new Badge("Delivered", "good", "The receiver answered 2xx");
      case "pending" -> new Badge("Pending", "warn", "It is attempted, or will be again");
      case "gone" -> new Badge("Gone", "bad", "The receiver answered that it is gone");
      default -> new Badge("Failed", "bad", "It is not attempted again by itself");
    };
  }

  private static AttemptView attempt(DeliveryRecord.Attempt attempt, Instant now) {
    return new AttemptView(
        Moment.of(attempt.at(), now),
        outcome(attempt),
        attempt.url() == null ? "" : attempt.url(),
        lines(attempt.requestHeaders()),
        attempt.answer() == null ? "" : attempt.answer());
  }

  private static String outcome(DeliveryRecord.Attempt attempt) {
    Integer status = attempt.httpStatus();
    Integer millis = attempt.millis();
    String outcome =
        status != null ? status.toString() : attempt.url() == null ? "not sent" : "no answer";
    if (attempt.failure() != null) {
      outcome += " (" + attempt.failure() + ")";
    }
    return outcome + (millis == null ? "" : " after " + millis + " ms");
  }

  private static String lines(@Nullable Map<String, String> headers) {
    StringBuilder lines = new StringBuilder();
    if (headers != null) {
      new TreeMap<>(headers)
          .forEach((name, value) -> lines.append(name).append(": ").append(value).append('\n'));
    }
    return lines.toString().stripTrailing();
  }
}
