// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.dashboard;

import static java.util.Objects.requireNonNull;

import dev.maglatch.dashboard.FormReader.Unreadable;
import dev.maglatch.fault.Fault;
import dev.maglatch.http.RequestIds;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.net.SocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The web pages, found by path. Safe on any thread; each request stays on its event loop.
 *
 * <p>A page that needs somebody signed in leads to the one for signing in, and what changes
 * something is refused unless one of our own pages has sent it.
 */
public final class Dashboard {
  /** What every path here begins with. */
  public static final String BASE = "/dashboard";

  static final String HOME = BASE + "/";
  static final String SIGN_IN = BASE + "/sign-in";

  private static final Logger LOG = LoggerFactory.getLogger(Dashboard.class);
  private static final String POLICY =
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
          + " connect-src 'self'; form-action 'self'; frame-ancestors 'none'";
  private static final String AWAY = "The gateway cannot reach its database at the moment.";
  private static final String AWAY_WITH_A_CHANGE =
      AWAY + " What you sent may have been done or not: look before you send it again.";

  private final Surroundings surroundings;
  private final UseCases useCases;
  private final Assets assets;
  private final Screens screens;
  private final FormReader forms;
  private final SameOrigin sameOrigin;
  private final List<Route> routes = new ArrayList<>();

  /** Reads the files that pages load: blocks for some tens of milliseconds. */
  public Dashboard(Surroundings surroundings, UseCases useCases) {
    this.surroundings = requireNonNull(surroundings, "surroundings");
    this.useCases = requireNonNull(useCases, "useCases");
    this.assets = Assets.read();
    this.screens = new Screens(assets);
    this.forms = new FormReader(surroundings.vertx());
    this.sameOrigin = new SameOrigin(surroundings.cors());
    routes.addAll(new SignInScreens(surroundings, useCases, screens).routes());
    routes.addAll(new KeyListScreens(surroundings, useCases, screens).routes());
    IssuedScreen issued = new IssuedScreen(surroundings, screens);
    routes.addAll(new NewKeyScreens(surroundings, useCases, screens, issued).routes());
    routes.addAll(new KeyScreens(useCases, screens, issued).routes());
    routes.addAll(new WebhookScreens(surroundings, useCases, screens).routes());
    routes.addAll(new OrganizationScreens(useCases, screens).routes());
    routes.addAll(new AccountScreens(useCases, screens).routes());
    routes.addAll(new WelcomeScreens(surroundings, useCases, screens).routes());
    routes.addAll(new RevokeScreens(useCases, screens).routes());
    routes.addAll(Theme.routes());
  }

  /**
   * Returns who answers {@code request}, or null if its path is not below {@link #BASE}.
   *
   * @param request paused, and past the strict gate
   */
  public @Nullable Handler<HttpServerRequest> find(HttpServerRequest request, String requestId) {
    String path = request.path();
    if (path == null || !(path.equals(BASE) || path.startsWith(HOME))) {
      return null;
    }
    return visitor -> answer(visitor, requestId, path);
  }

  /** Read it top to bottom: there is no other path. */
  private void answer(HttpServerRequest request, String requestId, String path) {
    Visit visit =
        new Visit(
            request,
            requestId,
            client(request),
            List.of(),
            Form.EMPTY,
            Form.of(request.query()),
            null);
    forms
        .read(request)
        .compose(form -> route(with(visit, visit.parts(), form), path))
        .otherwise(failure -> failed(visit, path, failure))
        .onSuccess(reply -> write(request, requestId, reply));
  }

  private Future<Reply> route(Visit visit, String path) {
    Reply asset = assets.find(path, visit.request());
    if (asset != null) {
      return visit.reads()
          ? Future.succeededFuture(asset)
          : Future.succeededFuture(wrongMethod(visit, "GET, HEAD"));
    }
    if (path.equals(BASE)) {
      return Future.succeededFuture(Reply.seeOther(HOME));
    }
    TreeSet<String> allowed = new TreeSet<>();
    for (Route route : routes) {
      List<String> parts = route.match(path.substring(BASE.length()));
      if (parts != null && route.serves(visit.request().method())) {
        return admit(route, with(visit, parts, visit.form()));
      }
      if (parts != null) {
        allowed.add(route.method().name());
      }
    }
    return Future.succeededFuture(
        allowed.isEmpty() ? notFound(visit) : wrongMethod(visit, String.join(", ", allowed)));
  }

  private Future<Reply> admit(Route route, Visit visit) {
    if (!visit.reads() && sameOrigin.isForged(visit.request())) {
      return Future.succeededFuture(
          screens.problem(
              visit, 403, "Not from here", "This form was sent by a page of another site."));
    }
    if (route.open()) {
      return route.answer().apply(visit);
    }
    String cookie = surroundings.cookie().valueIn(visit.request().headers());
    return (cookie == null
            ? Future.<dev.maglatch.session.Sessions.@Nullable SignedIn>succeededFuture()
            : useCases.sessions().cookie(cookie))
        .compose(
            who ->
                who == null
                    ? Future.succeededFuture(Reply.leave(visit, SignInScreens.comingBack(visit)))
                    : route.answer().apply(visit.by(who)));
  }

  private Reply notFound(Visit visit) {
    return screens.problem(visit, 404, "Not found", "There is no such page.");
  }

  private Reply wrongMethod(Visit visit, String allowed) {
    return screens
        .problem(visit, 405, "Not possible", "This page cannot be asked for that way.")
        .with(HttpHeaders.ALLOW, allowed);
  }

  private Reply failed(Visit visit, String path, Throwable failure) {
    if (failure instanceof Unreadable unread) {
      return screens.problem(visit, unread.status(), "Too much", "The form could not be read.");
    }
    Fault fault = Fault.from(failure);
    if (fault.code() == Fault.Code.INTERNAL) {
      LOG.error("dashboard failed path={} request_id={}", path, visit.requestId(), failure);
      return screens.problem(
          visit, 500, "Something broke", "The log has more under " + visit.requestId() + ".");
    }
    LOG.warn(
        "dashboard unavailable path={} request_id={} reason={}",
        path,
        visit.requestId(),
        fault.getMessage());
    return screens
        .unavailable(visit, visit.reads() ? AWAY : AWAY_WITH_A_CHANGE)
        .with("Retry-After", "1");
  }

  private static void write(HttpServerRequest request, String requestId, Reply reply) {
    HttpServerResponse response = request.response();
    if (response.closed() || response.ended()) {
      return;
    }
    boolean unread = !request.isEnded();
    response.setStatusCode(reply.status());
    response.headers().setAll(reply.headers());
    response
        .putHeader(RequestIds.HEADER, requestId)
        .putHeader("Content-Security-Policy", POLICY)
        .putHeader("X-Content-Type-Options", "nosniff")
        .putHeader("Referrer-Policy", "same-origin") // with less, forms say Origin: null
        .putHeader(HttpHeaders.CONTENT_LENGTH, Integer.toString(reply.body().length()));
    if (!response.headers().contains(HttpHeaders.CACHE_CONTROL)) {
      response.putHeader(HttpHeaders.CACHE_CONTROL, "no-store");
    }
    boolean http1 = request.version() != HttpVersion.HTTP_2;
    if (unread && http1) {
      response.putHeader(HttpHeaders.CONNECTION, "close");
    }
    Future<Void> sent =
        request.method().equals(HttpMethod.HEAD) ? response.end() : response.end(reply.body());
    if (unread && http1) {
      sent.onComplete(done -> request.connection().close());
    }
  }

  private String client(HttpServerRequest request) {
    SocketAddress peer = request.remoteAddress();
    String host = peer == null ? null : peer.hostAddress();
    return surroundings.proxies().clientAddress(host == null ? "" : host, request.headers());
  }

  private static Visit with(Visit visit, List<String> parts, Form form) {
    return new Visit(
        visit.request(),
        visit.requestId(),
        visit.clientAddress(),
        parts,
        form,
        visit.query(),
        visit.who());
  }
}
