// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.api;

import dev.maglatch.http.Cors;
import dev.maglatch.http.SessionCookie;
import dev.maglatch.session.Sessions;
import dev.maglatch.session.Sessions.SignedIn;
import dev.maglatch.verify.Verdict;
import io.vertx.core.Future;
import io.vertx.core.http.HttpMethod;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Accepts the cookie session and nothing else: {@code Authorization} is not read. With a cookie, an
 * unsafe method that a page elsewhere may have sent is forbidden.
 */
public final class CookieAccess implements Access {
  private static final Set<HttpMethod> SAFE =
      Set.of(HttpMethod.GET, HttpMethod.HEAD, HttpMethod.OPTIONS);

  private final SessionCookie cookie;
  private final Sessions sessions;
  private final Cors cors;

  public CookieAccess(SessionCookie cookie, Sessions sessions, Cors cors) {
    this.cookie = cookie;
    this.sessions = sessions;
    this.cors = cors;
  }

  @Override
  public Future<Verdict> check(Call call) {
    String value = cookie.valueIn(call.request().headers());
    if (value == null) {
      return Future.succeededFuture(Verdict.MISSING);
    }
    if (isForged(call)) {
      return Future.succeededFuture(Verdict.FORBIDDEN);
    }
    return sessions.cookie(value).map(CookieAccess::verdict);
  }

  @Override
  public String sessionName() {
    return "cookie";
  }

  /** Whether a page elsewhere may be behind a request that changes something. */
  public boolean isForged(Call call) {
    return !SAFE.contains(call.method()) && cors.isForged(call.request().headers());
  }

  private static Verdict verdict(@Nullable SignedIn who) {
    return who == null ? Verdict.UNKNOWN : Verdict.allowed(who.principal());
  }
}
