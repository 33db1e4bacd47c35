// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.api.auth;

import static java.util.Objects.requireNonNull;

import dev.maglatch.api.Answer;
import dev.maglatch.api.Call;
import dev.maglatch.api.CookieAccess;
import dev.maglatch.http.SessionCookie;
import dev.maglatch.session.Sessions;
import dev.maglatch.session.Sessions.SignedIn;
import io.vertx.core.Future;
import io.vertx.core.http.HttpHeaders;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** The cookie session, for pages of the gateway's own origin. */
final class CookieRoutes {
  private final Sessions sessions;
  private final SessionCookie cookie;
  private final CookieAccess access;

  CookieRoutes(Sessions sessions, SessionCookie cookie, CookieAccess access) {
    this.sessions = sessions;
    this.cookie = cookie;
    this.access = access;
  }

  /** A page elsewhere must not sign its visitor in as somebody else either. */
  Future<Answer> signIn(Call call) {
    if (access.isForged(call)) {
      return Future.succeededFuture(crossSite());
    }
    return TokenRoutes.withCredentials(
        call,
        given ->
            sessions
                .signInWithCookie(given.email(), given.password(), given.origin())
                .map(
                    grant ->
                        Answer.json(200, AuthJson.user(grant.account()))
                            .with(
                                HttpHeaders.SET_COOKIE,
                                cookie.set(grant.cookie().reveal(), grant.lifetime()))));
  }

  Future<Answer> account(Call call) {
    UUID id = requireNonNull(call.principal().accountId(), "sessions belong to accounts");
    return sessions
        .account(id)
        .map(
            account ->
                account == null
                    ? AuthErrors.error(401, "session_not_found", "This session is over")
                    : Answer.json(200, AuthJson.user(account)));
  }

  /** Signing out twice is no mistake: what is over already is answered the same. */
  Future<Answer> signOut(Call call) {
    String value = cookie.valueIn(call.request().headers());
    if (access.isForged(call)) {
      return Future.succeededFuture(crossSite());
    }
    return (value == null
            ? Future.<@Nullable String>succeededFuture()
            : sessions.cookie(value).compose(who -> end(call, who)))
        .map(settled -> TokenRoutes.ended(settled).with(HttpHeaders.SET_COOKIE, cookie.clear()));
  }

  private Future<@Nullable String> end(Call call, @Nullable SignedIn who) {
    UUID family = who == null ? null : who.principal().sessionId();
    return who == null || family == null
        ? Future.succeededFuture()
        : sessions.end(who.account().id(), family, TokenRoutes.origin(call));
  }

  private static Answer crossSite() {
    return AuthErrors.error(403, "cross_site_request", "This page may not use the session cookie");
  }
}
