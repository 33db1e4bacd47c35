// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.session;

import dev.maglatch.fault.Fault;
import dev.maglatch.key.Principal;
import dev.maglatch.key.TokenHash;
import dev.maglatch.key.Tokens;
import dev.maglatch.secret.Secret;
import dev.maglatch.session.AccountStore.PasswordChange;
import dev.maglatch.session.FamilyState.Judgement;
import dev.maglatch.session.RefreshTokens.Presented;
import dev.maglatch.session.SessionStore.NewSession;
import dev.maglatch.session.SessionStore.OpenSession;
import dev.maglatch.session.SessionStore.Refreshed;
import dev.maglatch.session.SessionTokens.Grant;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.UUID;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Begins, renews and ends sessions.
 *
 * <p>What the caller may not have fails with a {@link Refusal}, what could not be decided with a
 * {@link Fault}. Whatever ends a session completes when no replica accepts it any more; its value
 * is the text of {@code X-Maglatch-Revocation}, or null.
 */
public final class Sessions {
  private static final int COOKIE_BYTES = 32;
  private static final Pattern COOKIE = Pattern.compile("[A-Za-z0-9_-]{43}");

  private final SessionConfig config;
  private final SessionPorts ports;
  private final SessionTokens tokens;
  private final Passwords passwords;
  private final SecureRandom random;
  private final Throttle throttle;
  private final PasswordSignIn signIn;
  private final SessionMetrics metrics;

  public Sessions(
      Vertx vertx,
      SessionConfig config,
      SessionPorts ports,
      SessionTokens tokens,
      Passwords passwords,
      SecureRandom random,
      SessionMetrics metrics) {
    this.config = config;
    this.ports = ports;
    this.tokens = tokens;
    this.passwords = passwords;
    this.random = random;
    this.metrics = metrics;
    this.throttle = new Throttle(vertx, ports.counters(), config.throttle());
    this.signIn = new PasswordSignIn(ports.accounts(), passwords, throttle, metrics);
  }

  /** Begins a session of tokens. */
  public Future<Grant> signIn(String email, Secret password, Origin origin) {
    return signIn.check(email, password, origin).compose(account -> begin(account, origin));
  }

  /** Makes an account with an organization of its own and begins a session of tokens. */
  public Future<Grant> signUp(String email, Secret password, Origin origin) {
    String normal = EmailAddress.normal(email);
    if (normal == null) {
      return refuse(Refusal.Reason.INVALID_EMAIL);
    }
    if (!PasswordRule.allows(password)) {
      return refuse(Refusal.Reason.WEAK_PASSWORD);
    }
    return throttle
        .beginSignUp(origin.address())
        .compose(allowed -> passwords.hash(password))
        .compose(hash -> ports.accounts().signUp(normal, new Secret(hash), origin))
        .compose(
            account ->
                account == null ? refuse(Refusal.Reason.EMAIL_TAKEN) : begin(account, origin));
  }

  /**
   * Exchanges a refresh token. A spent one ends its whole family, unless that was a moment ago:
   * then it yields the newest tokens.
   */
  public Future<Grant> refresh(Secret refreshToken, Origin origin) {
    Presented presented = tokens.refresh().read(refreshToken.reveal());
    if (presented == null) {
      metrics.refresh(Judgement.UNKNOWN);
      return refuse(Refusal.Reason.REFRESH_TOKEN_NOT_FOUND);
    }
    return ports
        .sessions()
        .refresh(presented.family(), presented.generation(), config.refreshLifetime(), origin)
        .onSuccess(refreshed -> metrics.refresh(refreshed.judgement()))
        .compose(refreshed -> answer(presented.family(), refreshed));
  }

  /** Begins a cookie session. */
  public Future<CookieGrant> signInWithCookie(String email, Secret password, Origin origin) {
    return signIn.check(email, password, origin).compose(account -> openCookie(account, origin));
  }

  /** Begins a cookie session for whoever came by a {@link OneTimeLink}; null if he may not. */
  public Future<@Nullable CookieGrant> signInByLink(UUID id, Origin origin) {
    return ports
        .accounts()
        .byId(id)
        .compose(
            account ->
                account == null || account.disabled()
                    ? Future.succeededFuture()
                    : openCookie(account, origin).map(grant -> grant));
  }

  private Future<CookieGrant> openCookie(SessionAccount account, Origin origin) {
    byte[] bytes = new byte[COOKIE_BYTES];
    random.nextBytes(bytes);
    Secret cookie = new Secret(Base64.getUrlEncoder().withoutPadding().encodeToString(bytes));
    TokenHash hash = Tokens.sha256(cookie.reveal());
    Duration lifetime = config.cookieLifetime();
    return ports
        .sessions()
        .open(new NewSession(account, hash, lifetime, origin))
        .compose(Sessions::opened)
        .map(family -> new CookieGrant(cookie, lifetime, account));
  }

  /** Returns who a cookie's value stands for, or null. */
  public Future<@Nullable SignedIn> cookie(String value) {
    if (!COOKIE.matcher(value).matches()) {
      return Future.succeededFuture();
    }
    return ports
        .sessions()
        .standingOfCookie(Tokens.sha256(value))
        .map(
            standing ->
                standing == null || standing.over() || standing.account().disabled()
                    ? null
                    : new SignedIn(
                        standing.account().principal(standing.family()), standing.account()));
  }

  /** Returns the account of a principal, or null if it is gone. */
  public Future<@Nullable SessionAccount> account(UUID id) {
    return ports.accounts().byId(id);
  }

  /** Ends one session of an account; does nothing if it is not its own. */
  public Future<@Nullable String> end(UUID account, UUID family, Origin origin) {
    return ports
        .sessions()
        .end(account, family, origin)
        .compose(ended -> ports.settlement().settled(family));
  }

  /** Ends all sessions of an account but {@code kept}. */
  public Future<@Nullable String> endAll(UUID account, @Nullable UUID kept, Origin origin) {
    return ports
        .sessions()
        .endAll(account, kept, origin)
        .compose(ended -> ended.isEmpty() ? Future.succeededFuture() : settledAll(ended));
  }

  /** Returns the open sessions of an account, newest first. */
  public Future<List<OpenSession>> list(UUID account) {
    return ports.sessions().list(account);
  }

  /** Replaces a password and ends every other session of the account. */
  public Future<@Nullable String> changePassword(
      SignedIn who, Secret current, Secret replacement, Origin origin) {
    if (!PasswordRule.allows(replacement)) {
      return refuse(Refusal.Reason.WEAK_PASSWORD);
    }
    if (current.equals(replacement)) {
      return refuse(Refusal.Reason.SAME_PASSWORD);
    }
    return signIn
        .check(who.account().email(), current, origin)
        .compose(
            account ->
                passwords
                    .hash(replacement)
                    .compose(hash -> replace(account, hash, who.principal(), origin)));
  }

  /** Deletes what is over. Run it every few minutes; more than it can do at once it does later. */
  public Future<Void> cleanUp() {
    return ports
        .sessions()
        .deleteOver()
        .compose(families -> ports.counters().deleteOver(config.throttle().window()))
        .mapEmpty();
  }

  private Future<Grant> begin(SessionAccount account, Origin origin) {
    return ports
        .sessions()
        .open(new NewSession(account, null, config.refreshLifetime(), origin))
        .compose(Sessions::opened)
        .map(family -> tokens.grant(account, family, 0));
  }

  private static Future<UUID> opened(@Nullable UUID family) {
    return family == null
        ? refuse(Refusal.Reason.INVALID_CREDENTIALS)
        : Future.succeededFuture(family);
  }

  private Future<Grant> answer(UUID family, Refreshed refreshed) {
    return switch (refreshed.judgement()) {
      case ROTATE, REPEAT -> {
        SessionAccount account = refreshed.account();
        yield account == null
            ? refuse(Refusal.Reason.REFRESH_TOKEN_NOT_FOUND)
            : Future.succeededFuture(tokens.grant(account, family, refreshed.generation()));
      }
      case REUSED ->
          ports
              .settlement()
              .settled(family)
              .compose(settled -> refuse(Refusal.Reason.REFRESH_TOKEN_ALREADY_USED));
      case UNKNOWN -> refuse(Refusal.Reason.REFRESH_TOKEN_NOT_FOUND);
    };
  }

  private Future<@Nullable String> replace(
      SessionAccount account, String hash, Principal who, Origin origin) {
    String expected = account.passwordHash();
    if (expected == null) {
      return refuse(Refusal.Reason.INVALID_CREDENTIALS);
    }
    return ports
        .accounts()
        .changePassword(
            new PasswordChange(
                account.id(), new Secret(expected), new Secret(hash), who.sessionId(), origin))
        .compose(
            changed ->
                changed
                    ? ports.settlement().settled(account.id())
                    : refuse(Refusal.Reason.INVALID_CREDENTIALS));
  }

  /** All of them ended in one transaction, so whoever knows of the last one knows of all. */
  private Future<@Nullable String> settledAll(List<UUID> ended) {
    return ports.settlement().settled(ended.get(ended.size() - 1));
  }

  private static <T> Future<T> refuse(Refusal.Reason reason) {
    return Future.failedFuture(new Refusal(reason));
  }

  /**
   * What a sign-in with a cookie yields.
   *
   * @param cookie the cookie's value
   */
  public record CookieGrant(Secret cookie, Duration lifetime, SessionAccount account) {}

  /** Somebody whose session is good. */
  public record SignedIn(Principal principal, SessionAccount account) {}
}
