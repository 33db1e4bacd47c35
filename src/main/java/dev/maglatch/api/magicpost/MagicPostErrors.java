// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.api.magicpost;

import dev.maglatch.api.Answer;
import dev.maglatch.api.Call;
import dev.maglatch.api.Dialect;
import dev.maglatch.api.Problem;
import dev.maglatch.http.Quota;
import io.vertx.core.json.JsonObject;
import org.jspecify.annotations.Nullable;

/** Errors of these routes: {@code {"error":"<human text>","error_type":"<code>"}}. */
final class MagicPostErrors implements Dialect {
  @Override
  public Answer render(Problem problem, Call call) {
    return switch (problem) {
      case MALFORMED_BODY -> missingData(problem.text());
      case UNAUTHENTICATED -> authRequired();
      case AMBIGUOUS_PATH -> of(problem, "bad_request");
      case FORBIDDEN -> of(problem, "forbidden");
      case METHOD_NOT_ALLOWED -> of(problem, "method_not_allowed");
      case BODY_TOO_SLOW -> of(problem, "request_timeout");
      case BODY_TOO_LARGE -> of(problem, "payload_too_large");
      case NOT_JSON -> of(problem, "unsupported_media_type");
      case RATE_LIMITED -> rateLimited(problem, call.quota());
      case INTERNAL -> of(problem, "internal_error");
      case UNAVAILABLE -> error(problem.status(), "auth_unavailable", problem.text());
    };
  }

  static Answer authRequired() {
    return error(401, "auth_required", "Authentication required");
  }

  static Answer userNotFound() {
    return error(401, "user_not_found", "No user was found for this API key");
  }

  static Answer missingData(String text) {
    return error(400, "missing_data", text);
  }

  static Answer limitReached(int cap) {
    return error(400, "key_limit_reached", "Maximum of " + cap + " active API keys reached");
  }

  static Answer keyNotFound() {
    return error(404, "key_not_found", "API key not found or already revoked");
  }

  private static Answer rateLimited(Problem problem, @Nullable Quota quota) {
    return Answer.json(
        problem.status(),
        body("rate_limited", problem.text())
            .put("current_count", quota == null ? null : quota.count())
            .put("limit", quota == null ? null : quota.limit())
            .put("hint", Quota.HINT));
  }

  private static Answer of(Problem problem, String type) {
    return error(problem.status(), type, problem.text());
  }

  private static Answer error(int status, String type, String text) {
    return Answer.json(status, body(type, text));
  }

  private static JsonObject body(String type, String text) {
    return new JsonObject().put("error", text).put("error_type", type);
  }
}
