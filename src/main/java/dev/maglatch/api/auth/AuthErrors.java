// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.api.auth;

import dev.maglatch.api.Answer;
import dev.maglatch.api.Call;
import dev.maglatch.api.Dialect;
import dev.maglatch.api.Problem;
import dev.maglatch.http.BearerToken;
import dev.maglatch.session.PasswordRule;
import dev.maglatch.session.Refusal;
import io.vertx.core.json.JsonObject;

/** Errors of these routes: {@code {"code":400,"error_code":"…","msg":"…"}}. */
final class AuthErrors implements Dialect {
  @Override
  public Answer render(Problem problem, Call call) {
    return switch (problem) {
      case MALFORMED_BODY -> badJson();
      case UNAUTHENTICATED -> unauthenticated(call);
      case AMBIGUOUS_PATH -> of(problem, "validation_failed");
      case FORBIDDEN -> of(problem, "forbidden");
      case METHOD_NOT_ALLOWED -> of(problem, "method_not_allowed");
      case BODY_TOO_SLOW -> of(problem, "request_timeout");
      case BODY_TOO_LARGE -> of(problem, "request_too_large");
      case NOT_JSON -> of(problem, "unsupported_media_type");
      case RATE_LIMITED -> of(problem, "over_request_rate_limit");
      case INTERNAL -> of(problem, "unexpected_failure");
      case UNAVAILABLE -> of(problem, "service_unavailable");
    };
  }

  static Answer of(Refusal refusal) {
    return switch (refusal.reason()) {
      case INVALID_CREDENTIALS -> error(400, "invalid_credentials", "Invalid login credentials");
      case RATE_LIMITED ->
          error(429, "over_request_rate_limit", "Request rate limit reached")
              .with("Retry-After", Long.toString(refusal.retryAfter().toSeconds()));
      case REFRESH_TOKEN_NOT_FOUND ->
          error(400, "refresh_token_not_found", "Invalid Refresh Token: Refresh Token Not Found");
      case REFRESH_TOKEN_ALREADY_USED ->
          error(400, "refresh_token_already_used", "Invalid Refresh Token: Already Used");
      case INVALID_EMAIL -> validationFailed("Unable to validate email address: invalid format");
      case WEAK_PASSWORD ->
          error(
              422,
              "weak_password",
              "Password should be "
                  + PasswordRule.MIN_LENGTH
                  + " to "
                  + PasswordRule.MAX_LENGTH
                  + " characters");
      case EMAIL_TAKEN -> error(422, "user_already_exists", "User already registered");
      case SAME_PASSWORD ->
          error(422, "same_password", "New password should be different from the old password");
    };
  }

  static Answer badJson() {
    return error(400, "bad_json", "Could not parse request body as JSON");
  }

  static Answer validationFailed(String text) {
    return error(400, "validation_failed", text);
  }

  static Answer error(int status, String code, String text) {
    return Answer.json(
        status, new JsonObject().put("code", status).put("error_code", code).put("msg", text));
  }

  private static Answer of(Problem problem, String code) {
    return error(problem.status(), code, problem.text());
  }

  private static Answer unauthenticated(Call call) {
    return call.bearer().kind() == BearerToken.Kind.MISSING
        ? error(401, "no_authorization", "This endpoint requires a session")
        : error(401, "bad_jwt", "Invalid session");
  }
}
