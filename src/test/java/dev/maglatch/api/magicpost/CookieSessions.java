// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.api.magicpost;

import dev.maglatch.Await;
import dev.maglatch.api.CookieAccess;
import dev.maglatch.api.ManagementPlane;
import dev.maglatch.http.Cors;
import dev.maglatch.http.SessionCookie;
import dev.maglatch.manage.AccountRecord;
import dev.maglatch.postgres.Database;
import dev.maglatch.postgres.PgSessionAccounts;
import dev.maglatch.postgres.PgSessions;
import dev.maglatch.postgres.PgSignInCounters;
import dev.maglatch.postgres.PoolLimits;
import dev.maglatch.secret.Secret;
import dev.maglatch.secret.SecretRing;
import dev.maglatch.session.Origin;
import dev.maglatch.session.Passwords;
import dev.maglatch.session.SessionConfig;
import dev.maglatch.session.SessionConfig.ThrottleConfig;
import dev.maglatch.session.SessionMetrics;
import dev.maglatch.session.SessionPorts;
import dev.maglatch.session.SessionTokens;
import dev.maglatch.session.Sessions;
import io.vertx.core.Future;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;

/** Cookie sessions on the database of a {@link ManagementPlane}. */
final class CookieSessions implements AutoCloseable {
  private static final String PASSWORD = "correct horse";

  /** Of {@link #PASSWORD}, with a single iteration: the tests need not wait. */
  private static final String CHEAP_HASH =
      "$pbkdf2-sha512$i=1$AAAAAAAAAAAAAAAAAAAAAA$NL0kf79j2E0aDyuLZ4o1wyM1GNdOxYkNu1HXZP4h1cA";

  private final ManagementPlane plane;
  private final Database database;
  private final Passwords passwords;
  private final Sessions sessions;

  CookieSessions(ManagementPlane plane) {
    SecureRandom random = new SecureRandom();
    this.plane = plane;
    this.database = Database.open(plane.vertx(), plane.server().address(), PoolLimits.DEFAULT);
    this.passwords = new Passwords(plane.vertx(), random, SessionMetrics.NONE);
    SessionPorts ports =
        new SessionPorts(
            new PgSessionAccounts(database, random),
            new PgSessions(database),
            new PgSignInCounters(database),
            entity -> Future.succeededFuture());
    SessionTokens tokens =
        new SessionTokens(
            "http://localhost",
            SecretRing.derive(List.of(new byte[32])),
            random,
            InstantSource.system());
    this.sessions =
        new Sessions(
            plane.vertx(),
            new SessionConfig(
                false,
                Duration.ofDays(30),
                Duration.ofDays(7),
                new ThrottleConfig(5, 1000, Duration.ofMinutes(15), 100, Duration.ofSeconds(1)),
                List.of()),
            ports,
            tokens,
            passwords,
            random,
            SessionMetrics.NONE);
  }

  CookieAccess access(Cors cors) {
    return new CookieAccess(new SessionCookie(null), sessions, cors);
  }

  /** Signs in and returns the {@code Cookie} header. */
  String signIn(AccountRecord account) {
    plane
        .server()
        .execute(
            "UPDATE accounts SET password_hash = '%s' WHERE id = '%s'"
                .formatted(CHEAP_HASH, account.id()));
    return "maglatch_session="
        + Await.result(
                sessions.signInWithCookie(
                    account.email(), new Secret(PASSWORD), new Origin("192.0.2.1", null)))
            .cookie()
            .reveal();
  }

  @Override
  public void close() {
    Await.result(passwords.close());
    Await.result(database.close());
  }
}
