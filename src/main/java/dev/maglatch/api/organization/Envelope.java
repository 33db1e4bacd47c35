// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.api.organization;

import dev.maglatch.api.Answer;
import dev.maglatch.api.Call;
import dev.maglatch.api.Problem;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;

/** Puts data, and what went wrong, into this dialect's envelope. */
final class Envelope {
  private static final String CODE = "code";
  private static final String MESSAGE = "message";
  private static final String REQUEST_ID = "requestId";
  private static final String SUCCESS = "success";

  private Envelope() {}

  static Answer data(Call call, JsonObject data) {
    return Answer.json(
        200,
        new JsonObject()
            .put(CODE, 200)
            .put("data", data)
            .put(MESSAGE, SUCCESS)
            .put(REQUEST_ID, call.requestId()));
  }

  /** Returns a success that has nothing to show. */
  static Answer done(Call call) {
    return withoutData(call, 200, SUCCESS);
  }

  static Answer error(Call call, int status, String message) {
    return withoutData(call, status, message);
  }

  static Answer problem(Problem problem, Call call) {
    return withoutData(call, problem.status(), problem.text());
  }

  /** As {@link #error}, for an operation that ends here. */
  static Future<Answer> refused(Call call, int status, String message) {
    return Future.succeededFuture(error(call, status, message));
  }

  /** As {@link #problem}, for an operation that ends here. */
  static Future<Answer> refused(Call call, Problem problem) {
    return Future.succeededFuture(problem(problem, call));
  }

  private static Answer withoutData(Call call, int status, String message) {
    return Answer.json(
        status,
        new JsonObject().put(CODE, status).put(MESSAGE, message).put(REQUEST_ID, call.requestId()));
  }
}
