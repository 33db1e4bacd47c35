// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import dev.maglatch.http.RequestIds;
import dev.maglatch.key.Principal;
import dev.maglatch.verify.CredentialVerifier;
import io.vertx.core.MultiMap;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Tells another proxy whether a request that it holds may pass, and who sent it.
 *
 * <p>The endpoint is {@value #PATH} and everything below it, by any method. It answers for nginx
 * {@code auth_request}, Traefik {@code ForwardAuth}, Caddy {@code forward_auth} and Envoy {@code
 * ext_authz} over HTTP.
 *
 * <p>Anyone may call it and write any header, and some proxies hand their client's headers on. So
 * what a header says about the original request can only add to what is demanded:
 *
 * <ul>
 *   <li>A good credential is always needed, also where the route table has {@code auth: none} or
 *       {@code optional}, or no route. A proxy in front does not ask for what it leaves open; if a
 *       header could open a path, a client could send that header.
 *   <li>Every original method and every original path that is named counts, whoever names it: their
 *       routes' scopes are all demanded, and a key of scope {@code read} passes only if all methods
 *       read. A method other than GET by which the endpoint itself was called counts too: Envoy
 *       sends the original one, and the others send GET.
 *   <li>A path that the proxy would refuse (dot segments, two readings) is forbidden.
 * </ul>
 */
final class ForwardAuth {
  static final String PATH = "/_maglatch/forward-auth";

  private static final PathPattern PREFIX = PathPattern.prefix(PATH);
  private static final List<CharSequence> METHODS =
      names("X-Forwarded-Method", "X-Original-Method");
  private static final List<CharSequence> TARGETS = names("X-Forwarded-Uri", "X-Original-URI");
  private static final CharSequence X_FORWARDED_HOST =
      HttpHeaders.createOptimized("X-Forwarded-Host");
  private static final CharSequence NO_STORE = HttpHeaders.createOptimized("no-store");
  private static final Set<HttpMethod> READING =
      Set.of(HttpMethod.GET, HttpMethod.HEAD, HttpMethod.OPTIONS);

  /** Stands for what is no method: neither comes past the gate. */
  private static final HttpMethod UNLAWFUL = HttpMethod.CONNECT;

  private final RouteTable routes;

  ForwardAuth(RouteTable routes) {
    this.routes = routes;
  }

  /** Returns what {@code request} asks, or null if it is not about this endpoint. */
  @Nullable Inquiry read(HttpServerRequest request) {
    String path = request.path();
    return path != null && PREFIX.matches(path) ? inquiry(request, path) : null;
  }

  /** Says yes: 200, nothing in it, and every identity field so that no forged one survives. */
  static void approve(Exchange exchange, Principal principal) {
    HttpServerRequest request = exchange.request();
    HttpServerResponse response = request.response();
    MultiMap headers = response.headers();
    headers.set(RequestIds.HEADER, exchange.requestId());
    headers.set(HttpHeaders.CACHE_CONTROL, NO_STORE);
    HeaderRules.setIdentity(headers, principal);
    exchange.writeQuota(headers);
    response.setStatusCode(200);
    Rejection.endUnread(request, response, null, false);
  }

  private Inquiry inquiry(HttpServerRequest request, String path) {
    Set<HttpMethod> methods = methods(request);
    List<String> targets = targets(request, path.substring(PATH.length()));
    List<Route> chosen = new ArrayList<>();
    boolean lawful = methods.stream().allMatch(Gate::mayBeProxied);
    for (String target : targets) {
      lawful &= Gate.isOriginForm(target) && choose(request, methods, pathOf(target), chosen);
    }
    String shown = targets.isEmpty() ? PATH : pathOf(targets.get(0));
    return new Inquiry(
        shown, chosen.stream().distinct().toList(), lawful, READING.containsAll(methods));
  }

  /** Adds the routes that take {@code path}; false if it is a path that is refused. */
  private boolean choose(
      HttpServerRequest request, Set<HttpMethod> methods, String path, List<Route> chosen) {
    String host = host(request);
    boolean lawful = true;
    for (HttpMethod method : methods) {
      RouteTable.Selection selection = routes.select(method, host, path);
      if (selection.route() != null) {
        chosen.add(selection.route());
      }
      lawful &= selection.refusal() == null || selection.refusal() == Refusal.NOT_FOUND;
    }
    return lawful;
  }

  private static Set<HttpMethod> methods(HttpServerRequest request) {
    Set<HttpMethod> methods = new LinkedHashSet<>();
    for (String name : values(request.headers(), METHODS)) {
      methods.add(Characters.OF_METHOD.make(name) ? HttpMethod.valueOf(name) : UNLAWFUL);
    }
    HttpMethod own = request.method();
    if (methods.isEmpty() || !own.equals(HttpMethod.GET)) {
      methods.add(own);
    }
    return methods;
  }

  /** Returns the original targets that are named; {@code below} is what follows our own path. */
  private static List<String> targets(HttpServerRequest request, String below) {
    List<String> targets = new ArrayList<>(values(request.headers(), TARGETS));
    if (below.length() > 1) {
      targets.add(below);
    }
    return targets;
  }

  private static List<String> values(MultiMap headers, List<CharSequence> names) {
    List<String> values = new ArrayList<>();
    for (CharSequence name : names) {
      headers.getAll(name).stream().filter(value -> !value.isEmpty()).forEach(values::add);
    }
    return values;
  }

  private static @Nullable String host(HttpServerRequest request) {
    String forwarded = request.getHeader(X_FORWARDED_HOST);
    String authority = forwarded == null ? request.getHeader(HttpHeaders.HOST) : forwarded;
    if (authority == null) {
      return request.authority() == null ? null : HostRules.name(request.authority().host());
    }
    return HostRules.name(authority);
  }

  private static String pathOf(String target) {
    int mark = target.indexOf('?');
    return mark < 0 ? target : target.substring(0, mark);
  }

  private static List<CharSequence> names(String... names) {
    return List.of(names).stream().map(HttpHeaders::createOptimized).toList();
  }

  /**
   * One question: may a request like this pass?
   *
   * @param path of the original request, by which errors take their shape; our own if none is named
   * @param routes that would take the original request; empty if none would
   * @param lawful whether the proxy would let such a request come as far as its credential
   * @param reads whether it only reads
   */
  record Inquiry(String path, List<Route> routes, boolean lawful, boolean reads) {
    /** Whether whoever {@code principal} is may send the original request. */
    boolean permits(Principal principal) {
      return lawful
          && (reads || !principal.readOnly())
          && routes.stream().allMatch(route -> principal.satisfiesAny(route.access().scopes()));
    }

    /** Returns the tightest bound of all its routes. */
    long maxStaleNanos() {
      return routes.stream()
          .mapToLong(route -> route.access().maxStaleNanos())
          .min()
          .orElse(CredentialVerifier.AS_CONFIGURED);
    }
  }
}
