// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.session;

import dev.maglatch.secret.Secret;
import dev.maglatch.session.SessionMetrics.Outcome;
import dev.maglatch.session.Throttle.Attempt;
import io.vertx.core.Future;
import org.jspecify.annotations.Nullable;

/** Tells whether e-mail address and password belong together: once for all ways to sign in. */
final class PasswordSignIn {
  /*
   * An unknown address, an account without password and a disabled one take the same steps as a
   * wrong password: counted, one hash of the same cost, one and the same refusal.
   */
  private static final String NO_ADDRESS = "";

  private final AccountStore accounts;
  private final Passwords passwords;
  private final Throttle throttle;
  private final SessionMetrics metrics;

  PasswordSignIn(
      AccountStore accounts, Passwords passwords, Throttle throttle, SessionMetrics metrics) {
    this.accounts = accounts;
    this.passwords = passwords;
    this.throttle = throttle;
    this.metrics = metrics;
  }

  /** Returns the account. Fails with a {@link Refusal}, or with a fault if nothing was decided. */
  Future<SessionAccount> check(String email, Secret password, Origin origin) {
    String normal = EmailAddress.normal(email);
    return throttle
        .begin(normal == null ? NO_ADDRESS : normal, origin.address())
        .compose(attempt -> check(attempt, normal, password))
        .onSuccess(account -> metrics.signIn(Outcome.GRANTED))
        .onFailure(this::countFailure);
  }

  private Future<SessionAccount> check(Attempt attempt, @Nullable String normal, Secret password) {
    return find(normal)
        .compose(account -> compare(account, password))
        .recover(fault -> throttle.takenBack(attempt).transform(any -> Future.failedFuture(fault)))
        .compose(
            account ->
                account == null
                    ? Future.failedFuture(new Refusal(Refusal.Reason.INVALID_CREDENTIALS))
                    : throttle.succeeded(attempt).map(account));
  }

  private Future<@Nullable SessionAccount> find(@Nullable String normal) {
    return normal == null ? Future.succeededFuture() : accounts.byEmail(normal);
  }

  private Future<@Nullable SessionAccount> compare(
      @Nullable SessionAccount account, Secret password) {
    String stored = account == null || account.disabled() ? null : account.passwordHash();
    return passwords.matches(password, stored).map(matches -> matches ? account : null);
  }

  private void countFailure(Throwable failure) {
    metrics.signIn(outcome(failure));
  }

  private static Outcome outcome(Throwable failure) {
    if (failure instanceof Refusal refusal) {
      return refusal.reason() == Refusal.Reason.RATE_LIMITED ? Outcome.LIMITED : Outcome.REFUSED;
    }
    return Outcome.UNDECIDED;
  }
}
