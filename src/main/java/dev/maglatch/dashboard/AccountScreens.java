// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.dashboard;

import dev.maglatch.secret.Secret;
import dev.maglatch.session.PasswordRule;
import dev.maglatch.session.Refusal;
import io.vertx.core.Future;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The visitor's own account: its password, and where else it is signed in. */
final class AccountScreens {
  private static final String PATH = Dashboard.HOME + "account";

  private final UseCases useCases;
  private final Screens screens;

  AccountScreens(UseCases useCases, Screens screens) {
    this.useCases = useCases;
    this.screens = screens;
  }

  List<Route> routes() {
    return List.of(
        Route.get("/account", visit -> show(visit, 200, null)),
        Route.post("/account/password", this::changePassword),
        Route.get("/account/sign-out-others", this::askToSignOutOthers),
        Route.post("/account/sign-out-others", this::signOutOthers));
  }

  private Future<Reply> show(Visit visit, int status, @Nullable String complaint) {
    Instant now = useCases.clock().instant();
    return useCases
        .sessions()
        .list(visit.accountId())
        .map(
            open ->
                screens.show(
                    visit,
                    status,
                    "account",
                    "Account",
                    Templates.account(
                        open.stream()
                            .map(one -> SessionRow.of(one, here(visit, one.id()), now))
                            .toList(),
                        complaint,
                        Notice.of(visit))));
  }

  private static boolean here(Visit visit, java.util.UUID session) {
    return Objects.equals(session, visit.signedIn().principal().sessionId());
  }

  private Future<Reply> changePassword(Visit visit) {
    Form form = visit.form();
    String replacement = form.raw("replacement");
    if (!replacement.equals(form.raw("again"))) {
      return show(visit, 422, "The new password was not repeated as it is.");
    }
    return useCases
        .sessions()
        .changePassword(
            visit.signedIn(),
            new Secret(form.raw("current")),
            new Secret(replacement),
            visit.origin())
        .map(settled -> Notice.PASSWORD_CHANGED.at(PATH))
        .recover(
            failure ->
                failure instanceof Refusal refusal
                    ? show(visit, 422, text(refusal))
                    : Future.failedFuture(failure));
  }

  private static String text(Refusal refusal) {
    return switch (refusal.reason()) {
      case RATE_LIMITED ->
          "Too many attempts. Try again in " + refusal.retryAfter().toSeconds() + " seconds.";
      case WEAK_PASSWORD ->
          "A password has "
              + PasswordRule.MIN_LENGTH
              + " to "
              + PasswordRule.MAX_LENGTH
              + " characters.";
      case SAME_PASSWORD -> "The new password is the old one.";
      case INVALID_CREDENTIALS,
          REFRESH_TOKEN_NOT_FOUND,
          REFRESH_TOKEN_ALREADY_USED,
          INVALID_EMAIL,
          EMAIL_TAKEN ->
          "The current password is another one.";
    };
  }

  private Future<Reply> askToSignOutOthers(Visit visit) {
    return Future.succeededFuture(
        screens.show(visit, "account", "Sign out everywhere else?", Templates.signOutOthers()));
  }

  private Future<Reply> signOutOthers(Visit visit) {
    return useCases
        .sessions()
        .endAll(visit.accountId(), visit.signedIn().principal().sessionId(), visit.origin())
        .map(settled -> Notice.SESSIONS_ENDED.at(PATH));
  }
}
