// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import io.vertx.core.http.HttpMethod;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Tells which route a request would take, by the very rules of the data plane. Immutable. */
public final class RouteGuide {
  private final RouteTable table;
  private final boolean anyRoute;

  public RouteGuide(ProxyConfig config) {
    this.table = new RouteTable(config.routes());
    this.anyRoute = !config.routes().isEmpty();
  }

  /**
   * What a client would ask for.
   *
   * @param host lower-case name without port; null if none was told
   * @param target path and perhaps query, as they would be sent
   */
  public record Address(@Nullable String host, String target) {
    /** Reads {@code http://host/path}, or a path alone; null if {@code url} is neither. */
    public static @Nullable Address parse(String url) {
      if (url.startsWith("/")) {
        return new Address(null, url);
      }
      int start = url.indexOf("://") + 3;
      if (start < 3 || !url.substring(0, start).matches("https?://")) {
        return null;
      }
      int slash = url.indexOf('/', start);
      int end = slash < 0 ? url.length() : slash;
      String authority = url.substring(start, end);
      return HostRules.isAuthority(authority)
          ? new Address(HostRules.name(authority), slash < 0 ? "/" : url.substring(slash))
          : null;
    }

    /** Returns the path without the query. */
    public String path() {
      int mark = target.indexOf('?');
      return mark < 0 ? target : target.substring(0, mark);
    }
  }

  /**
   * What becomes of a request, if its credential is good.
   *
   * @param route null if none takes it
   * @param upstreamUrl what the upstream is asked for, each of its servers; null if none is
   * @param status of the refusal; 0 if a route takes it
   * @param reason of the refusal; empty if a route takes it
   */
  public record Choice(
      @Nullable Route route, @Nullable String upstreamUrl, int status, String reason) {}

  /** Returns what becomes of a request by {@code method} for {@code address}. */
  public Choice choose(HttpMethod method, Address address) {
    if (!Gate.mayBeProxied(method)) {
      return refused(Refusal.METHOD_NOT_ALLOWED, "no route takes CONNECT, TRACE, or no method");
    }
    if (!Gate.isOriginForm(address.target())) {
      return refused(Refusal.BAD_REQUEST, "not a path of RFC 3986: a character or a broken escape");
    }
    RouteTable.Selection selection = table.select(method, address.host(), address.path());
    Route route = selection.route();
    if (route == null) {
      return selection.refusal() == Refusal.AMBIGUOUS_PATH
          ? refused(
              Refusal.AMBIGUOUS_PATH,
              "the path is not allowed (dot segments, backslashes, control characters), or can be"
                  + " read as another one that belongs to another route or a stricter one")
          : refused(Refusal.NOT_FOUND, anyRoute ? "no route takes it" : "no route is configured");
    }
    String target = route.changes().target(address.target());
    List<String> urls = route.upstream().urls().stream().map(url -> url + target).toList();
    return new Choice(route, String.join(" or ", urls), 0, "");
  }

  private static Choice refused(Refusal why, String reason) {
    return new Choice(null, null, why.status(), reason);
  }
}
