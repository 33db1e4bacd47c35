// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.postgres;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import dev.maglatch.Await;
import dev.maglatch.fault.Fault;
import dev.maglatch.key.Principal;
import dev.maglatch.secret.Secret;
import dev.maglatch.secret.SecretRing;
import dev.maglatch.session.Origin;
import dev.maglatch.session.Passwords;
import dev.maglatch.session.Refusal;
import dev.maglatch.session.Refusal.Reason;
import dev.maglatch.session.SessionAccount;
import dev.maglatch.session.SessionConfig;
import dev.maglatch.session.SessionConfig.ThrottleConfig;
import dev.maglatch.session.SessionMetrics;
import dev.maglatch.session.SessionPorts;
import dev.maglatch.session.SessionStore.NewSession;
import dev.maglatch.session.SessionTokens;
import dev.maglatch.session.SessionTokens.Grant;
import dev.maglatch.session.Sessions;
import dev.maglatch.session.Sessions.CookieGrant;
import dev.maglatch.session.Sessions.SignedIn;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Sessions as a whole, on a real database. */
class PgSessionsTest {
  private static final Secret PASSWORD = new Secret("correct horse");
  private static final Secret WRONG = new Secret("battery staple");

  /** Of {@link #PASSWORD}, with a single iteration: the tests need not wait. */
  private static final Secret CHEAP_HASH =
      new Secret(
          "$pbkdf2-sha512$i=1$AAAAAAAAAAAAAAAAAAAAAA$NL0kf79j2E0aDyuLZ4o1wyM1GNdOxYkNu1HXZP4h1cA");

  private static final SecretRing RING = SecretRing.derive(List.of(new byte[32]));
  private static final SessionConfig CONFIG =
      new SessionConfig(
          true,
          Duration.ofDays(30),
          Duration.ofDays(7),
          new ThrottleConfig(3, 6, Duration.ofMinutes(15), 4, Duration.ofMillis(1)),
          List.of());

  private static final AtomicInteger hashed = new AtomicInteger();
  private static final SessionMetrics METRICS =
      new SessionMetrics() {
        @Override
        public void passwordHashed(long waitedNanos, long nanos) {
          hashed.incrementAndGet();
        }
      };

  private static final OpenedDatabase opened = new OpenedDatabase();
  private static final TestDatabase server = opened.server;
  private static final Vertx vertx = opened.vertx;
  private static final Database database = opened.database;
  private static final Passwords passwords = new Passwords(vertx, new SecureRandom(), METRICS);

  private final List<UUID> settled = new CopyOnWriteArrayList<>();
  private final PgSessions store = new PgSessions(database);
  private final SecureRandom random = new SecureRandom();
  private final PgSessionAccounts accounts = new PgSessionAccounts(database, random);
  private final Sessions sessions =
      new Sessions(
          vertx,
          CONFIG,
          new SessionPorts(accounts, store, new PgSignInCounters(database), this::settle),
          new SessionTokens("http://localhost", RING, random, InstantSource.system()),
          passwords,
          random,
          METRICS);
  private String email = "";
  private Origin origin = new Origin("192.0.2.1", null);

  @AfterAll
  static void stop() {
    opened.close();
  }

  /** An account and an address of each test's own, so that no test throttles another. */
  @BeforeEach
  void newcomer() {
    email = "ann-" + UUID.randomUUID() + "@example.com";
    origin = new Origin("2001:db8:" + Integer.toHexString(random.nextInt(65536)) + "::7", "curl");
    Await.result(accounts.signUp(email, CHEAP_HASH, origin));
    hashed.set(0);
  }

  @Test
  void signUpMakesAnAccountWithAnOrganizationOfItsOwn() {
    email = "new-" + email;
    Grant grant = Await.result(sessions.signUp(email, PASSWORD, origin));
    assertThat(refresh(grant)).isNotNull();
    SessionAccount account = requireNonNull(Await.result(accounts.byEmail(email)));

    assertThat(account.owner()).isTrue();
    assertThat(account.userRecordId()).matches("rec[0-9A-Za-z]{14}");
    assertThat(
            count("SELECT count(*) FROM organizations WHERE id = '%s'", account.organizationId()))
        .isOne();
    assertThat(reason(sessions.signUp(email.toUpperCase(Locale.ROOT), PASSWORD, origin)))
        .isEqualTo(Reason.EMAIL_TAKEN);
    assertThat(reason(sessions.signUp("nonsense", PASSWORD, origin)))
        .isEqualTo(Reason.INVALID_EMAIL);
    assertThat(reason(sessions.signUp("b@c", new Secret("short"), origin)))
        .isEqualTo(Reason.WEAK_PASSWORD);
    assertThat(count("SELECT count(*) FROM organizations WHERE name = '%s'", email)).isOne();
  }

  @Test
  void rightPasswordBeginsASession() {
    Grant grant = signIn();

    assertThat(grant.account().email()).isEqualTo(email);
    assertThat(Await.result(sessions.list(grant.account().id()))).hasSize(1);
    assertThat(count("SELECT count(*) FROM audit WHERE entity_id = '%s'", grant.family())).isOne();
  }

  /** The same steps and the same work for an address that nobody has. */
  @Test
  void unknownAddressAndWrongPasswordLookAlikeAndCostAlike() {
    assertThat(reason(sessions.signIn(email, WRONG, origin))).isEqualTo(Reason.INVALID_CREDENTIALS);
    assertThat(hashed.getAndSet(0)).isOne();

    assertThat(reason(sessions.signIn("no-" + email, WRONG, origin)))
        .isEqualTo(Reason.INVALID_CREDENTIALS);
    assertThat(hashed.getAndSet(0)).isOne();

    server.execute("UPDATE accounts SET disabled_at = now() WHERE email = '" + email + "'");
    assertThat(reason(sessions.signIn(email, PASSWORD, origin)))
        .isEqualTo(Reason.INVALID_CREDENTIALS);
    assertThat(hashed.getAndSet(0)).isOne();
  }

  @Test
  void accountWithoutPasswordCannotSignInAndCostsTheSame() {
    server.execute("UPDATE accounts SET password_hash = NULL WHERE email = '" + email + "'");

    assertThat(reason(sessions.signIn(email, PASSWORD, origin)))
        .isEqualTo(Reason.INVALID_CREDENTIALS);
    assertThat(hashed.get()).isOne();
  }

  @Test
  void refreshTokenWorksOnceAndThenRepeatsTheNewestForTenSeconds() {
    Grant first = signIn();
    Grant second = refresh(first);
    assertThat(second.refreshToken()).isNotEqualTo(first.refreshToken());
    Grant third = refresh(second);

    Grant lateTab = refresh(first);

    assertThat(lateTab.refreshToken()).isEqualTo(third.refreshToken());
    assertThat(lateTab.family()).isEqualTo(first.family());
    assertThat(refresh(lateTab).refreshToken()).isNotEqualTo(third.refreshToken());
  }

  @Test
  void refreshTokenUsedAgainLaterEndsTheWholeFamily() {
    Grant first = signIn();
    Grant second = refresh(first);
    Grant other = signIn();
    age(first.family(), 11);

    assertThat(refreshed(first)).isEqualTo(Reason.REFRESH_TOKEN_ALREADY_USED);

    assertThat(refreshed(second)).isEqualTo(Reason.REFRESH_TOKEN_NOT_FOUND);
    assertThat(refreshed(first)).isEqualTo(Reason.REFRESH_TOKEN_ALREADY_USED);
    assertThat(settled).contains(first.family());
    assertThat(refresh(other)).isNotNull();
    assertThat(
            count(
                "SELECT count(*) FROM audit WHERE entity_id = '%s' AND action = 'session.ended'",
                first.family()))
        .isOne();
  }

  /** A window for each token: the one spent later may still repeat while the older may not. */
  @Test
  void tenSecondsCountForEachTokenByItself() {
    Grant first = signIn();
    Grant second = refresh(first);
    age(first.family(), 11);
    Grant third = refresh(second);

    assertThat(refresh(second).refreshToken()).isEqualTo(third.refreshToken());
    assertThat(refreshed(first)).isEqualTo(Reason.REFRESH_TOKEN_ALREADY_USED);
  }

  @Test
  void manyTabsThatRefreshAtOnceAllGetTheSameNewestToken() {
    Grant first = signIn();
    List<Future<Grant>> tabs = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      tabs.add(sessions.refresh(first.refreshToken(), origin));
    }

    List<Secret> newest =
        tabs.stream().map(Await::result).map(Grant::refreshToken).distinct().toList();

    assertThat(newest).hasSize(1);
    assertThat(count("SELECT generation FROM session_families WHERE id = '%s'", first.family()))
        .isOne();
  }

  @Test
  void forgedRefreshTokenAsksNobody() {
    assertThat(reason(sessions.refresh(new Secret("A".repeat(64)), origin)))
        .isEqualTo(Reason.REFRESH_TOKEN_NOT_FOUND);
    assertThat(reason(sessions.refresh(new Secret("nonsense"), origin)))
        .isEqualTo(Reason.REFRESH_TOKEN_NOT_FOUND);
  }

  @Test
  void expiredFamilyAndDisabledAccountCannotRefresh() {
    Grant expired = signIn();
    server.execute(
        "UPDATE session_families SET expires_at = now() WHERE id = '" + expired.family() + "'");
    assertThat(refreshed(expired)).isEqualTo(Reason.REFRESH_TOKEN_NOT_FOUND);

    Grant disabled = signIn();
    server.execute("UPDATE accounts SET disabled_at = now() WHERE email = '" + email + "'");
    assertThat(refreshed(disabled)).isEqualTo(Reason.REFRESH_TOKEN_NOT_FOUND);
  }

  @Test
  void signedOutSessionIsOverAndOthersGoOn() {
    Grant ended = signIn();
    Grant other = signIn();
    UUID account = ended.account().id();

    Await.result(sessions.end(account, ended.family(), origin));

    assertThat(settled).containsExactly(ended.family());
    assertThat(refreshed(ended)).isEqualTo(Reason.REFRESH_TOKEN_NOT_FOUND);
    assertThat(refresh(other)).isNotNull();
    assertThat(
            count(
                "SELECT count(*) FROM changes WHERE entity = 'session' AND entity_id = '%s'",
                ended.family()))
        .isOne();
  }

  @Test
  void nobodyEndsASessionOfAnother() {
    Grant grant = signIn();

    Await.result(sessions.end(UUID.randomUUID(), grant.family(), origin));

    assertThat(refresh(grant)).isNotNull();
  }

  @Test
  void allOtherSessionsEndTogether() {
    Grant kept = signIn();
    Grant ended = signIn();

    Await.result(sessions.endAll(kept.account().id(), kept.family(), origin));

    assertThat(refreshed(ended)).isEqualTo(Reason.REFRESH_TOKEN_NOT_FOUND);
    assertThat(refresh(kept)).isNotNull();
    assertThat(settled).hasSize(1);
  }

  @Test
  void cookieStandsForItsAccountUntilItEnds() {
    CookieGrant grant = Await.result(sessions.signInWithCookie(email, PASSWORD, origin));
    SignedIn who = requireNonNull(Await.result(sessions.cookie(grant.cookie().reveal())));

    assertThat(who.account().email()).isEqualTo(email);
    assertThat(who.principal().method()).isEqualTo(Principal.Method.SESSION);
    assertThat(who.principal().sessionId()).isNotNull();
    assertThat(
            count(
                "SELECT count(*) FROM session_families WHERE cookie_hash = '%s'::bytea",
                grant.cookie().reveal()))
        .isZero();

    Await.result(
        sessions.end(who.account().id(), requireNonNull(who.principal().sessionId()), origin));
    assertThat(Await.result(sessions.cookie(grant.cookie().reveal()))).isNull();
  }

  @Test
  void cookieThatIsNoneIsNobody() {
    assertThat(Await.result(sessions.cookie(""))).isNull();
    assertThat(Await.result(sessions.cookie("A".repeat(43)))).isNull();
    assertThat(Await.result(sessions.cookie("\0".repeat(43)))).isNull();
  }

  @Test
  void changedPasswordEndsEveryOtherSession() {
    CookieGrant cookie = Await.result(sessions.signInWithCookie(email, PASSWORD, origin));
    SignedIn who = requireNonNull(Await.result(sessions.cookie(cookie.cookie().reveal())));
    Grant other = signIn();
    Secret replacement = new Secret("a better one");

    assertThat(reason(sessions.changePassword(who, WRONG, replacement, origin)))
        .isEqualTo(Reason.INVALID_CREDENTIALS);
    Await.result(sessions.changePassword(who, PASSWORD, replacement, origin));

    assertThat(refreshed(other)).isEqualTo(Reason.REFRESH_TOKEN_NOT_FOUND);
    assertThat(Await.result(sessions.cookie(cookie.cookie().reveal()))).isNotNull();
    assertThat(reason(sessions.signIn(email, PASSWORD, origin)))
        .isEqualTo(Reason.INVALID_CREDENTIALS);
    assertThat(Await.result(sessions.signIn(email, replacement, origin))).isNotNull();
    assertThat(settled).contains(who.account().id());
  }

  /** The password was right when it was checked, and no longer is when the session is opened. */
  @Test
  void signInThatOverlapsAChangeOfPasswordOpensNothing() {
    SessionAccount before = requireNonNull(Await.result(accounts.byEmail(email)));
    server.execute("UPDATE accounts SET password_hash = 'other' WHERE email = '" + email + "'");

    assertThat(Await.result(store.open(new NewSession(before, null, Duration.ofDays(1), origin))))
        .isNull();
  }

  @Test
  void failuresOfOneAccountFromOneAddressAreLimited() {
    for (int i = 0; i < 3; i++) {
      assertThat(reason(sessions.signIn(email, WRONG, origin)))
          .isEqualTo(Reason.INVALID_CREDENTIALS);
    }
    hashed.set(0);

    Refusal limited = refusal(sessions.signIn(email, PASSWORD, origin));

    assertThat(limited.reason()).isEqualTo(Reason.RATE_LIMITED);
    assertThat(limited.retryAfter()).isBetween(Duration.ofSeconds(1), Duration.ofMinutes(15));
    assertThat(hashed.get()).isZero();
    Origin elsewhere = new Origin("198.51.100.9", null);
    assertThat(Await.result(sessions.signIn(email, PASSWORD, elsewhere))).isNotNull();
  }

  @Test
  void failuresFromOneAddressAreLimitedWhateverTheAccount() {
    for (int i = 0; i < 6; i++) {
      assertThat(reason(sessions.signIn(i + email, WRONG, origin)))
          .isEqualTo(Reason.INVALID_CREDENTIALS);
    }

    assertThat(reason(sessions.signIn(email, PASSWORD, origin))).isEqualTo(Reason.RATE_LIMITED);
  }

  /** Else whoever has many addresses could lock anybody out. */
  @Test
  void failuresFromManyAddressesNeverLockTheAccount() {
    for (int i = 0; i < 12; i++) {
      assertThat(reason(sessions.signIn(email, WRONG, new Origin("198.51.100." + i, null))))
          .isEqualTo(Reason.INVALID_CREDENTIALS);
    }

    assertThat(signIn()).isNotNull();
  }

  /** Counting after the check would let all of them through. */
  @Test
  void parallelGuessesAreCountedBeforeTheyAreChecked() {
    List<Future<Grant>> guesses = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      guesses.add(sessions.signIn(email, WRONG, origin));
    }

    long checked =
        guesses.stream().map(this::reason).filter(Reason.INVALID_CREDENTIALS::equals).count();

    assertThat(checked).isLessThanOrEqualTo(3);
  }

  @Test
  void successForgetsTheFailuresBefore() {
    for (int round = 0; round < 3; round++) {
      assertThat(reason(sessions.signIn(email, WRONG, origin)))
          .isEqualTo(Reason.INVALID_CREDENTIALS);
      signIn();
    }
  }

  @Test
  void countBeginsAnewWhenItsWindowIsOver() {
    for (int i = 0; i < 3; i++) {
      reason(sessions.signIn(email, WRONG, origin));
    }
    server.execute("UPDATE sign_in_failures SET window_start = now() - interval '16 minutes'");

    assertThat(signIn()).isNotNull();
    Await.result(sessions.cleanUp());
    assertThat(
            count(
                "SELECT count(*) FROM sign_in_failures WHERE window_start < now() - %s",
                "interval '15 minutes'"))
        .isZero();
  }

  @Test
  void whatIsOverForADayIsDeletedAndIsNoNews() {
    Grant grant = signIn();
    Await.result(sessions.end(grant.account().id(), grant.family(), origin));
    server.execute(
        "UPDATE session_families SET ended_at = now() - interval '25 hours' WHERE id = '"
            + grant.family()
            + "'");
    long changes = count("SELECT count(*) FROM changes WHERE %s", "true");

    Await.result(sessions.cleanUp());

    assertThat(count("SELECT count(*) FROM session_families WHERE id = '%s'", grant.family()))
        .isZero();
    assertThat(count("SELECT count(*) FROM changes WHERE %s", "true")).isEqualTo(changes);
  }

  @Test
  void unseenSubjectGetsOneAccountHoweverOftenItIsAskedFor() {
    List<Future<SessionAccount>> racing = new ArrayList<>();
    String subject = UUID.randomUUID().toString();
    for (int i = 0; i < 8; i++) {
      racing.add(accounts.provision("https://id.test", subject, null));
    }

    assertThat(racing.stream().map(Await::result).map(SessionAccount::id).distinct()).hasSize(1);
  }

  /** Linking by e-mail would let the issuer take over the account. */
  @Test
  void subjectWithSomebodysEmailGetsAnAccountOfItsOwn() {
    SessionAccount local = requireNonNull(Await.result(accounts.byEmail(email)));

    SessionAccount outside =
        Await.result(accounts.provision("https://id.test", UUID.randomUUID().toString(), email));

    assertThat(outside.id()).isNotEqualTo(local.id());
    assertThat(outside.email()).endsWith("@accounts.invalid");
  }

  @Test
  void unreachableDatabaseIsUndecided() {
    Database gone =
        Database.open(
            vertx,
            DatabaseAddress.parse("postgresql://x@127.0.0.1:1/x", null, null),
            PoolLimits.DEFAULT);
    Throwable failure =
        Await.failure(new PgSessions(gone).refresh(UUID.randomUUID(), 0, Duration.ZERO, origin));

    assertThat(failure)
        .isInstanceOfSatisfying(
            Fault.class, fault -> assertThat(fault.code()).isEqualTo(Fault.Code.STORE_UNAVAILABLE));
    Await.result(gone.close());
  }

  private Grant signIn() {
    return Await.result(sessions.signIn(email, PASSWORD, origin));
  }

  private Grant refresh(Grant grant) {
    return Await.result(sessions.refresh(grant.refreshToken(), origin));
  }

  private Reason refreshed(Grant grant) {
    return reason(sessions.refresh(grant.refreshToken(), origin));
  }

  private Reason reason(Future<?> refused) {
    return refusal(refused).reason();
  }

  private static Refusal refusal(Future<?> refused) {
    Throwable failure = Await.failure(refused);
    assertThat(failure).isInstanceOf(Refusal.class);
    return (Refusal) failure;
  }

  private static void age(UUID family, int seconds) {
    server.execute(
        "UPDATE session_families SET rotated_at = ARRAY(SELECT t - interval '"
            + seconds
            + " seconds' FROM unnest(rotated_at) AS t) WHERE id = '"
            + family
            + "'");
  }

  private static long count(String sql, Object argument) {
    try (Connection connection = server.connect();
        var statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(sql.formatted(argument))) {
      rows.next();
      return rows.getLong(1);
    } catch (SQLException failed) {
      throw new IllegalStateException(failed);
    }
  }

  private Future<String> settle(UUID entity) {
    settled.add(entity);
    return Future.succeededFuture("confirmed=1/1");
  }
}
