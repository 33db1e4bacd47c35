// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.http;

import static io.vertx.core.http.HttpHeaders.ACCESS_CONTROL_ALLOW_CREDENTIALS;
import static io.vertx.core.http.HttpHeaders.ACCESS_CONTROL_ALLOW_HEADERS;
import static io.vertx.core.http.HttpHeaders.ACCESS_CONTROL_ALLOW_METHODS;
import static io.vertx.core.http.HttpHeaders.ACCESS_CONTROL_ALLOW_ORIGIN;
import static io.vertx.core.http.HttpHeaders.ACCESS_CONTROL_EXPOSE_HEADERS;
import static io.vertx.core.http.HttpHeaders.ACCESS_CONTROL_MAX_AGE;
import static io.vertx.core.http.HttpHeaders.ACCESS_CONTROL_REQUEST_HEADERS;
import static io.vertx.core.http.HttpHeaders.ACCESS_CONTROL_REQUEST_METHOD;
import static io.vertx.core.http.HttpHeaders.ORIGIN;
import static io.vertx.core.http.HttpHeaders.VARY;

import dev.maglatch.settings.Section;
import io.vertx.core.MultiMap;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Which pages of other origins may call through a browser.
 *
 * <p>Off unless an origin is allowed: then nothing is added and preflights are not answered here.
 * {@code *} allows every origin, without cookies. Immutable.
 */
public final class Cors {
  public static final Cors OFF = new Cors(List.of(), null);

  private static final String ANY = "*";
  private static final CharSequence SEC_FETCH_SITE = HttpHeaders.createOptimized("Sec-Fetch-Site");
  private static final CharSequence TRUE = HttpHeaders.createOptimized("true");
  private static final CharSequence METHODS =
      HttpHeaders.createOptimized("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
  private static final CharSequence MAX_AGE_SECONDS = HttpHeaders.createOptimized("600");
  private static final CharSequence EXPOSED =
      HttpHeaders.createOptimized(
          "X-Request-Id, WWW-Authenticate, Retry-After, RateLimit, RateLimit-Policy");
  private static final CharSequence VARY_PREFLIGHT =
      HttpHeaders.createOptimized(
          "Origin, Access-Control-Request-Method, Access-Control-Request-Headers");

  private final Set<String> origins;
  private final boolean any;
  private final @Nullable String ownOrigin;

  /**
   * @param allowedOrigins {@code *}, or what {@link #origin} accepts
   * @param publicUrl the gateway's own URL; null if not known
   */
  public Cors(List<String> allowedOrigins, @Nullable String publicUrl) {
    this.any = allowedOrigins.contains(ANY);
    this.origins = new HashSet<>();
    for (String allowed : allowedOrigins) {
      String origin = origin(allowed);
      if (origin != null) {
        origins.add(origin);
      }
    }
    this.ownOrigin = publicUrl == null ? null : origin(publicUrl);
  }

  /** Reads the section {@code cors}; {@code publicUrl} as the constructor has it. */
  public static Cors read(Section cors, @Nullable String publicUrl) {
    List<String> allowed = cors.texts("allowed-origins", List.of());
    if (!allowed.stream().allMatch(Cors::isAllowable)) {
      cors.problem("allowed-origins", "* or origins such as https://app.example, without a path");
    }
    return new Cors(allowed, publicUrl);
  }

  /**
   * Returns the origin of {@code url} as browsers write it (lower case, no default port, no path),
   * or null if it is no http or https URL.
   */
  public static @Nullable String origin(String url) {
    try {
      URI uri = new URI(url.toLowerCase(Locale.ROOT));
      String scheme = uri.getScheme();
      boolean http = "http".equals(scheme);
      if ((!http && !"https".equals(scheme)) || uri.getHost() == null) {
        return null;
      }
      boolean defaultPort = uri.getPort() < 0 || uri.getPort() == (http ? 80 : 443);
      return scheme + "://" + uri.getHost() + (defaultPort ? "" : ":" + uri.getPort());
    } catch (URISyntaxException notUrl) {
      return null;
    }
  }

  /** Whether {@code text} may stand in the list of allowed origins. */
  public static boolean isAllowable(String text) {
    return text.equals(ANY) || text.equalsIgnoreCase(origin(text));
  }

  /** Whether any origin is allowed at all. */
  public boolean enabled() {
    return any || !origins.isEmpty();
  }

  /**
   * Whether {@code origin} may send a cookie: it is listed, or the gateway's own. Being one of
   * {@code *} is not enough.
   */
  public boolean trusts(@Nullable String origin) {
    return origin != null && (origin.equals(ownOrigin) || origins.contains(origin));
  }

  /**
   * Whether a page elsewhere may be behind {@code request}, so that a cookie in it proves nothing:
   * its origin is not trusted, or the browser says {@code cross-site}. Without either header it was
   * no browser.
   */
  public boolean isForged(MultiMap request) {
    String origin = request.get(ORIGIN);
    return (origin != null && !trusts(origin))
        || "cross-site".equalsIgnoreCase(request.get(SEC_FETCH_SITE));
  }

  /** Whether a page of {@code origin} may call. */
  public boolean allows(@Nullable String origin) {
    return origin != null && enabled() && (any || trusts(origin));
  }

  /** Whether {@code request} is a browser asking before it sends the real one. */
  public static boolean isPreflight(HttpServerRequest request) {
    return request.method().equals(HttpMethod.OPTIONS)
        && request.headers().contains(ORIGIN)
        && request.headers().contains(ACCESS_CONTROL_REQUEST_METHOD);
  }

  /**
   * Writes the headers that answer a preflight. Returns whether the origin is allowed; if not, the
   * answer tells the browser so by saying nothing.
   */
  public boolean answerPreflight(MultiMap request, MultiMap response) {
    response.set(VARY, VARY_PREFLIGHT);
    String origin = request.get(ORIGIN);
    if (!allows(origin)) {
      return false;
    }
    allow(origin, response);
    response.set(ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    String wanted = request.get(ACCESS_CONTROL_REQUEST_HEADERS);
    if (wanted != null) {
      response.set(ACCESS_CONTROL_ALLOW_HEADERS, wanted);
    }
    response.set(ACCESS_CONTROL_MAX_AGE, MAX_AGE_SECONDS);
    return true;
  }

  /** Lets the page that sent {@code request} read an answer of the gateway's own. */
  public void decorate(MultiMap request, MultiMap response) {
    if (!enabled()) {
      return;
    }
    response.add(VARY, ORIGIN);
    String origin = request.get(ORIGIN);
    if (allows(origin)) {
      allow(origin, response);
      response.set(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    }
  }

  private void allow(@Nullable String origin, MultiMap response) {
    if (origin != null && trusts(origin)) {
      response.set(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
      response.set(ACCESS_CONTROL_ALLOW_CREDENTIALS, TRUE);
    } else {
      response.set(ACCESS_CONTROL_ALLOW_ORIGIN, ANY);
    }
  }
}
