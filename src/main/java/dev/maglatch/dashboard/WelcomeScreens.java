// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.dashboard;

import io.vertx.core.Future;
import io.vertx.core.http.HttpHeaders;
import java.util.List;
import java.util.UUID;

/** The link that signs the first account in once. Looking at the page does not use it up. */
final class WelcomeScreens {
  private final Surroundings surroundings;
  private final UseCases useCases;
  private final Screens screens;

  WelcomeScreens(Surroundings surroundings, UseCases useCases, Screens screens) {
    this.surroundings = surroundings;
    this.useCases = useCases;
    this.screens = screens;
  }

  List<Route> routes() {
    return List.of(
        Route.get("/welcome", this::ask).forAnyone(),
        Route.post("/welcome", this::enter).forAnyone());
  }

  private Future<Reply> ask(Visit visit) {
    String token = visit.query().text("token");
    return Future.succeededFuture(
        surroundings.link().isGood(token)
            ? screens.show(visit, "", "Welcome", Templates.welcome(token))
            : over(visit));
  }

  private Future<Reply> enter(Visit visit) {
    UUID account = surroundings.link().use(visit.form().text("token"));
    return account == null
        ? Future.succeededFuture(over(visit))
        : useCases
            .sessions()
            .signInByLink(account, visit.origin())
            .map(
                grant ->
                    grant == null
                        ? over(visit)
                        : Reply.seeOther(Dashboard.HOME)
                            .with(
                                HttpHeaders.SET_COOKIE,
                                surroundings
                                    .cookie()
                                    .set(grant.cookie().reveal(), grant.lifetime())));
  }

  private Reply over(Visit visit) {
    return screens.problem(
        visit, 410, "This link is over", "It works once, for 30 minutes. Sign in instead.");
  }
}
