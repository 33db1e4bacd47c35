// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.api.auth;

import static java.util.Objects.requireNonNull;

import dev.maglatch.api.Answer;
import dev.maglatch.api.Call;
import dev.maglatch.api.StrictJson;
import dev.maglatch.key.Principal;
import dev.maglatch.secret.Secret;
import dev.maglatch.session.Origin;
import dev.maglatch.session.SessionAccount;
import dev.maglatch.session.Sessions;
import dev.maglatch.session.Sessions.SignedIn;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import java.util.UUID;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Sessions of tokens: what a Bearer credential is got with, renewed and ended. */
final class TokenRoutes {
  private static final String EMAIL = "email";
  private static final String PASSWORD = "password";

  private final Sessions sessions;

  TokenRoutes(Sessions sessions) {
    this.sessions = sessions;
  }

  Future<Answer> token(Call call) {
    String grantType = call.query("grant_type");
    if (PASSWORD.equals(grantType)) {
      return withCredentials(call, this::signIn);
    }
    if ("refresh_token".equals(grantType)) {
      return refresh(call);
    }
    return answer(
        AuthErrors.validationFailed(
            "Unsupported grant_type (expected: password or refresh_token)"));
  }

  Future<Answer> signUp(Call call) {
    return withCredentials(
        call,
        given ->
            sessions
                .signUp(given.email(), given.password(), given.origin())
                .map(grant -> Answer.json(200, AuthJson.grant(grant))));
  }

  Future<Answer> logout(Call call) {
    Principal who = call.principal();
    UUID account = requireNonNull(who.accountId(), "sessions belong to accounts");
    UUID family = who.sessionId();
    String scope = call.query("scope");
    if (scope != null && scope.equals("global")) {
      return sessions.endAll(account, null, origin(call)).map(TokenRoutes::ended);
    }
    if (family == null) {
      return answer(
          AuthErrors.validationFailed("This session belongs to another issuer: end it there"));
    }
    if (scope == null || scope.isEmpty() || scope.equals("local")) {
      return sessions.end(account, family, origin(call)).map(TokenRoutes::ended);
    }
    return scope.equals("others")
        ? sessions.endAll(account, family, origin(call)).map(TokenRoutes::ended)
        : answer(
            AuthErrors.validationFailed("Unsupported scope (expected: local, others or global)"));
  }

  Future<Answer> user(Call call) {
    return account(call)
        .map(account -> account == null ? gone() : Answer.json(200, AuthJson.user(account)));
  }

  Future<Answer> changePassword(Call call) {
    JsonObject body = StrictJson.object(call.body());
    if (body == null) {
      return answer(AuthErrors.badJson());
    }
    String current = text(body, "current_password");
    String replacement = text(body, PASSWORD);
    if (current == null || replacement == null) {
      return answer(AuthErrors.validationFailed("password and current_password are required"));
    }
    return account(call)
        .compose(
            account ->
                account == null
                    ? answer(gone())
                    : replace(call, account, new Secret(current), new Secret(replacement)));
  }

  private Future<Answer> replace(
      Call call, SessionAccount account, Secret current, Secret replacement) {
    return sessions
        .changePassword(new SignedIn(call.principal(), account), current, replacement, origin(call))
        .map(settled -> confirmed(Answer.json(200, AuthJson.user(account)), settled));
  }

  private Future<Answer> signIn(Credentials given) {
    return sessions
        .signIn(given.email(), given.password(), given.origin())
        .map(grant -> Answer.json(200, AuthJson.grant(grant)));
  }

  private Future<Answer> refresh(Call call) {
    JsonObject body = StrictJson.object(call.body());
    if (body == null) {
      return answer(AuthErrors.badJson());
    }
    String token = text(body, "refresh_token");
    if (token == null) {
      return answer(AuthErrors.validationFailed("refresh_token is required"));
    }
    return sessions
        .refresh(new Secret(token), origin(call))
        .map(grant -> Answer.json(200, AuthJson.grant(grant)));
  }

  private Future<@Nullable SessionAccount> account(Call call) {
    UUID id = requireNonNull(call.principal().accountId(), "sessions belong to accounts");
    return sessions.account(id);
  }

  /** What somebody signs in with. */
  record Credentials(String email, Secret password, Origin origin) {}

  /** Reads e-mail address and password, or says what is missing. */
  static Future<Answer> withCredentials(Call call, Function<Credentials, Future<Answer>> next) {
    JsonObject body = StrictJson.object(call.body());
    if (body == null) {
      return answer(AuthErrors.badJson());
    }
    String email = text(body, EMAIL);
    String password = text(body, PASSWORD);
    if (email == null || password == null) {
      return answer(AuthErrors.validationFailed("email and password are required"));
    }
    return next.apply(new Credentials(email, new Secret(password), origin(call)));
  }

  static Origin origin(Call call) {
    return new Origin(call.clientAddress(), call.userAgent());
  }

  static Answer ended(@Nullable String settled) {
    return confirmed(Answer.empty(204), settled);
  }

  private static Answer confirmed(Answer answer, @Nullable String settled) {
    return settled == null ? answer : answer.with("X-Maglatch-Revocation", settled);
  }

  /** Returns a text that is neither missing nor empty, or null. */
  private static @Nullable String text(JsonObject body, String name) {
    return body.getValue(name) instanceof String text && !text.isEmpty() ? text : null;
  }

  private static Answer gone() {
    return AuthErrors.error(401, "session_not_found", "The account of this session is gone");
  }

  private static Future<Answer> answer(Answer answer) {
    return Future.succeededFuture(answer);
  }
}
