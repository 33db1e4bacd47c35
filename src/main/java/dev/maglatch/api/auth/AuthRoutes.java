// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.api.auth;

import dev.maglatch.api.Access;
import dev.maglatch.api.BearerAccess;
import dev.maglatch.api.BodyRule;
import dev.maglatch.api.CookieAccess;
import dev.maglatch.api.Endpoint;
import dev.maglatch.api.Facade;
import dev.maglatch.api.Operation;
import dev.maglatch.http.Cors;
import dev.maglatch.http.SessionCookie;
import dev.maglatch.session.Refusal;
import dev.maglatch.session.Sessions;
import dev.maglatch.verify.CredentialVerifier;
import io.vertx.core.Future;
import io.vertx.core.http.HttpMethod;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Mounts the routes of sessions. */
public final class AuthRoutes {
  /** Where the routes are. */
  public static final String BASE = "/auth/v1";

  private final Facade facade;
  private final Sessions sessions;
  private final SessionCookie cookie;
  private final CookieAccess cookieAccess;
  private final BearerAccess bearerAccess;

  private AuthRoutes(
      Sessions sessions, CredentialVerifier verifier, SessionCookie cookie, Cors cors) {
    this.facade = new Facade(new AuthErrors(), new AuthCrossOrigin(cors));
    this.sessions = sessions;
    this.cookie = cookie;
    this.cookieAccess = new CookieAccess(cookie, sessions, cors);
    this.bearerAccess = new BearerAccess(verifier, Set.of());
  }

  /**
   * Returns the routes of sessions.
   *
   * @param signUp whether anybody may make an account
   */
  public static List<Endpoint> endpoints(
      Sessions sessions,
      CredentialVerifier verifier,
      SessionCookie cookie,
      Cors cors,
      boolean signUp) {
    return new AuthRoutes(sessions, verifier, cookie, cors).all(signUp);
  }

  private List<Endpoint> all(boolean signUp) {
    TokenRoutes tokens = new TokenRoutes(sessions);
    CookieRoutes cookies = new CookieRoutes(sessions, cookie, cookieAccess);
    List<Endpoint> all = new ArrayList<>();
    all.add(open("/token", BodyRule.ANY_TYPE, tokens::token));
    if (signUp) {
      all.add(open("/signup", BodyRule.ANY_TYPE, tokens::signUp));
    }
    all.add(bearer(HttpMethod.POST, "/logout", BodyRule.ANY_TYPE, tokens::logout));
    all.add(bearer(HttpMethod.GET, "/user", BodyRule.NONE, tokens::user));
    all.add(bearer(HttpMethod.PUT, "/user", BodyRule.ANY_TYPE, tokens::changePassword));
    all.add(open("/session", BodyRule.JSON_ONLY, cookies::signIn));
    all.add(endpoint(HttpMethod.GET, "/session", cookieAccess, BodyRule.NONE, cookies::account));
    all.add(
        endpoint(
            HttpMethod.DELETE, "/session", Access.ANYONE, BodyRule.JSON_ONLY, cookies::signOut));
    return all;
  }

  private Endpoint open(String path, BodyRule body, Operation operation) {
    return endpoint(HttpMethod.POST, path, Access.ANYONE, body, operation);
  }

  private Endpoint bearer(HttpMethod method, String path, BodyRule body, Operation operation) {
    return endpoint(method, path, bearerAccess, body, operation);
  }

  private Endpoint endpoint(
      HttpMethod method, String path, Access access, BodyRule body, Operation operation) {
    Operation refusing =
        call ->
            operation
                .run(call)
                .recover(
                    failure ->
                        failure instanceof Refusal refusal
                            ? Future.succeededFuture(AuthErrors.of(refusal))
                            : Future.failedFuture(failure));
    return new Endpoint(method, BASE + path, facade, access, body, refusing);
  }
}
