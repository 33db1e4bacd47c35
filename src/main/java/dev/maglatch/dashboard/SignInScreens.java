// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.dashboard;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.maglatch.secret.Secret;
import dev.maglatch.session.Refusal;
import dev.maglatch.session.Sessions.SignedIn;
import io.vertx.core.Future;
import io.vertx.core.http.HttpHeaders;
import java.net.URLEncoder;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Signing in and out. */
final class SignInScreens {
  private static final String NEXT = "next";

  private final Surroundings surroundings;
  private final UseCases useCases;
  private final Screens screens;

  SignInScreens(Surroundings surroundings, UseCases useCases, Screens screens) {
    this.surroundings = surroundings;
    this.useCases = useCases;
    this.screens = screens;
  }

  List<Route> routes() {
    return List.of(
        Route.get("/sign-in", this::ask).forAnyone(),
        Route.post("/sign-in", this::signIn).forAnyone(),
        Route.post("/sign-out", this::signOut).forAnyone());
  }

  /** Returns the path for signing in that leads back to where {@code visit} wanted to go. */
  static String comingBack(Visit visit) {
    String uri = visit.request().uri();
    return visit.reads() && !visit.scripted() && !uri.equals(Dashboard.HOME)
        ? Dashboard.SIGN_IN + "?" + NEXT + "=" + URLEncoder.encode(uri, UTF_8)
        : Dashboard.SIGN_IN;
  }

  private Future<Reply> ask(Visit visit) {
    return Future.succeededFuture(form(visit, 200, visit.query().text(NEXT), "", null));
  }

  private Reply form(
      Visit visit, int status, String next, String email, @Nullable String complaint) {
    return screens.show(visit, status, "", "Sign in", Templates.signIn(next, email, complaint));
  }

  private Future<Reply> signIn(Visit visit) {
    Form form = visit.form();
    String email = form.text("email");
    return useCases
        .sessions()
        .signInWithCookie(email, new Secret(form.raw("password")), visit.origin())
        .map(
            grant ->
                Reply.seeOther(target(form.text(NEXT)))
                    .with(
                        HttpHeaders.SET_COOKIE,
                        surroundings.cookie().set(grant.cookie().reveal(), grant.lifetime())))
        .recover(failure -> refused(visit, email, failure));
  }

  private Future<Reply> refused(Visit visit, String email, Throwable failure) {
    if (!(failure instanceof Refusal refusal)) {
      return Future.failedFuture(failure);
    }
    boolean limited = refusal.reason() == Refusal.Reason.RATE_LIMITED;
    String complaint =
        limited
            ? "Too many attempts. Try again in " + refusal.retryAfter().toSeconds() + " seconds."
            : "E-mail address and password do not belong together.";
    return Future.succeededFuture(
        form(visit, limited ? 429 : 401, visit.form().text(NEXT), email, complaint));
  }

  /** Returns a path of ours: a link must not make signing in lead elsewhere. */
  static String target(String next) {
    return next.startsWith(Dashboard.HOME)
            && next.chars().allMatch(c -> c > ' ' && c < 127 && c != '\\')
        ? next
        : Dashboard.HOME;
  }

  private Future<Reply> signOut(Visit visit) {
    String value = surroundings.cookie().valueIn(visit.request().headers());
    return (value == null
            ? Future.<@Nullable SignedIn>succeededFuture()
            : useCases.sessions().cookie(value))
        .compose(who -> end(visit, who))
        .map(
            ended ->
                Reply.seeOther(Dashboard.SIGN_IN)
                    .with(HttpHeaders.SET_COOKIE, surroundings.cookie().clear()));
  }

  private Future<@Nullable String> end(Visit visit, @Nullable SignedIn who) {
    UUID family = who == null ? null : who.principal().sessionId();
    return who == null || family == null
        ? Future.succeededFuture()
        : useCases.sessions().end(who.account().id(), family, visit.origin());
  }
}
