// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import static io.netty.util.AsciiString.contentEqualsIgnoreCase;

import dev.maglatch.http.RequestIds;
import dev.maglatch.http.TrustedProxies;
import dev.maglatch.key.Principal;
import io.netty.util.AsciiString;
import io.vertx.core.MultiMap;
import io.vertx.core.http.HttpHeaders;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * What happens to header and trailer fields between client and upstream.
 *
 * <p>Fields about one connection end here, and so does whatever a client says about its own
 * identity. What the gateway knows is set last, so no client can name it away. Immutable.
 */
final class HeaderRules {
  static final String IDENTITY_PREFIX = "x-maglatch-";

  private static final CharSequence KEY_ID = HttpHeaders.createOptimized("X-Maglatch-Key-Id");
  private static final CharSequence ACCOUNT_ID =
      HttpHeaders.createOptimized("X-Maglatch-Account-Id");
  private static final CharSequence ORGANIZATION_ID =
      HttpHeaders.createOptimized("X-Maglatch-Organization-Id");
  private static final CharSequence SERVICE_ACCOUNT_ID =
      HttpHeaders.createOptimized("X-Maglatch-Service-Account-Id");
  private static final CharSequence SCOPES = HttpHeaders.createOptimized("X-Maglatch-Scopes");
  private static final CharSequence PERMISSIONS =
      HttpHeaders.createOptimized("X-Maglatch-Permissions");
  private static final CharSequence AUTH_METHOD =
      HttpHeaders.createOptimized("X-Maglatch-Auth-Method");
  private static final CharSequence X_FORWARDED_FOR =
      HttpHeaders.createOptimized("X-Forwarded-For");
  private static final CharSequence X_FORWARDED_PROTO =
      HttpHeaders.createOptimized("X-Forwarded-Proto");
  private static final CharSequence X_FORWARDED_HOST =
      HttpHeaders.createOptimized("X-Forwarded-Host");
  private static final CharSequence FORWARDED = HttpHeaders.createOptimized("Forwarded");
  private static final CharSequence TE = HttpHeaders.createOptimized("te");
  private static final CharSequence EMPTY = HttpHeaders.createOptimized("");
  private static final AsciiString X_FORWARDED_PREFIX = AsciiString.cached("x-forwarded-");

  private final TrustedProxies proxies;

  HeaderRules(TrustedProxies proxies) {
    this.proxies = proxies;
  }

  /**
   * Writes the header fields of the request that goes upstream. Framing (length, chunking) is the
   * forwarder's.
   *
   * @param credentialIsOurs whether {@code Authorization} was for the gateway and ends here
   * @param identity whether the upstream is told who asks, even if that is nobody
   * @throws IllegalArgumentException if a field cannot be written in HTTP/1.1
   */
  void toUpstream(
      Exchange exchange,
      RequestFields to,
      String host,
      boolean credentialIsOurs,
      boolean identity) {
    MultiMap from = exchange.request().headers();
    HeaderEdits edits = exchange.route().changes().request();
    to.add(HttpHeaders.HOST, host);
    Set<String> nominated = nominated(from);
    Iterator<Map.Entry<CharSequence, CharSequence>> fields = fields(from);
    while (fields.hasNext()) {
      Map.Entry<CharSequence, CharSequence> field = fields.next();
      CharSequence name = field.getKey();
      if (isNominated(nominated, name) || (edits != null && edits.drops(name))) {
        continue;
      }
      if (contentEqualsIgnoreCase(name, HttpHeaders.COOKIE)) {
        addCookies(to, field.getValue().toString());
      } else if (!endsHere(name, credentialIsOurs)
          && !contentEqualsIgnoreCase(name, RequestIds.HEADER)) {
        to.add(name, field.getValue());
      }
    }
    to.add(RequestIds.HEADER, exchange.requestId());
    if (identity) {
      addIdentity(to, exchange.principal());
    }
    addForwarded(exchange, to);
    if (edits != null) {
      edits.added().forEach(field -> to.add(field.name(), field.value()));
    }
  }

  /** Whether the client takes trailers, which a proxy must say anew for its own connection. */
  static boolean acceptsTrailers(MultiMap from) {
    String te = from.get(TE);
    return te != null && te.toLowerCase(Locale.ROOT).contains("trailers");
  }

  /** Writes the header fields of the answer that goes to the client. */
  void toClient(Exchange exchange, io.netty.handler.codec.http.HttpHeaders from, MultiMap to) {
    HeaderEdits edits = exchange.route().changes().response();
    Set<String> nominated = nominated(from);
    Iterator<Map.Entry<CharSequence, CharSequence>> fields = from.iteratorCharSequence();
    while (fields.hasNext()) {
      Map.Entry<CharSequence, CharSequence> field = fields.next();
      CharSequence name = field.getKey();
      if (!staysUpstream(name)
          && !isNominated(nominated, name)
          && !isOurCookie(name, field.getValue())
          && (edits == null || !edits.drops(name))) {
        to.add(name, field.getValue());
      }
    }
    if (edits != null) {
      edits.added().forEach(field -> to.add(field.name(), field.value()));
    }
    to.set(RequestIds.HEADER, exchange.requestId());
    if (!to.contains(HttpHeaders.DATE)) {
      to.set(HttpHeaders.DATE, exchange.date());
    }
  }

  /** Copies what a 103 is for: the links, and nothing else. */
  static void copyHints(io.netty.handler.codec.http.HttpHeaders from, MultiMap to) {
    for (String link : from.getAll("link")) {
      to.add("link", link);
    }
  }

  /** Copies the trailer fields that may pass. */
  static void copyTrailers(io.netty.handler.codec.http.HttpHeaders from, MultiMap to) {
    Iterator<Map.Entry<CharSequence, CharSequence>> fields = from.iteratorCharSequence();
    while (fields.hasNext()) {
      Map.Entry<CharSequence, CharSequence> field = fields.next();
      if (passesAsTrailer(field.getKey())) {
        to.add(field.getKey(), field.getValue());
      }
    }
  }

  /**
   * Whether a trailer field of a request may pass: its name is one that the {@link Gate} would let
   * pass in a head, and {@link #passesAsTrailer}. Trailers of answers may have other names.
   */
  static boolean passesUpAsTrailer(CharSequence name) {
    return Characters.OF_HEADER_NAME.make(name) && passesAsTrailer(name);
  }

  /** Sets every identity field, empty where there is nothing to say. */
  static void setIdentity(MultiMap to, @Nullable Principal principal) {
    if (principal == null) {
      for (CharSequence name : ALL_IDENTITY) {
        to.set(name, EMPTY);
      }
      return;
    }
    to.set(KEY_ID, text(principal.keyId()));
    to.set(ACCOUNT_ID, text(principal.accountId()));
    to.set(ORGANIZATION_ID, text(principal.organizationId()));
    to.set(SERVICE_ACCOUNT_ID, text(principal.serviceAccountId()));
    to.set(SCOPES, joined(" ", principal.scopes()));
    to.set(PERMISSIONS, joined(",", principal.permissions()));
    to.set(AUTH_METHOD, principal.method().text());
  }

  /** Adds every identity field, as {@link #setIdentity} sets them. */
  private static void addIdentity(RequestFields to, @Nullable Principal principal) {
    if (principal == null) {
      for (CharSequence name : ALL_IDENTITY) {
        to.add(name, EMPTY);
      }
      return;
    }
    addId(to, KEY_ID, principal.keyId());
    addId(to, ACCOUNT_ID, principal.accountId());
    addId(to, ORGANIZATION_ID, principal.organizationId());
    addId(to, SERVICE_ACCOUNT_ID, principal.serviceAccountId());
    to.addTexts(SCOPES, principal.scopes(), ' ');
    to.addTexts(PERMISSIONS, principal.permissions(), ',');
    to.add(AUTH_METHOD, principal.method().text());
  }

  private static void addId(RequestFields to, CharSequence name, @Nullable UUID id) {
    if (id == null) {
      to.add(name, EMPTY);
    } else {
      to.add(name, id);
    }
  }

  private static final List<CharSequence> ALL_IDENTITY =
      List.of(
          KEY_ID,
          ACCOUNT_ID,
          ORGANIZATION_ID,
          SERVICE_ACCOUNT_ID,
          SCOPES,
          PERMISSIONS,
          AUTH_METHOD);

  private static CharSequence text(@Nullable Object id) {
    return id == null ? EMPTY : id.toString();
  }

  private static CharSequence joined(String separator, Iterable<String> texts) {
    return String.join(separator, texts);
  }

  /**
   * Appends this hop. What was there before is kept only if the peer is a trusted proxy; else it is
   * the client's own invention.
   */
  private void addForwarded(Exchange exchange, RequestFields to) {
    MultiMap from = exchange.request().headers();
    String peer = exchange.peer();
    String host = exchange.host();
    String scheme = exchange.scheme();
    boolean trusted = proxies.trusts(peer);
    to.add(X_FORWARDED_FOR, appended(trusted, from, X_FORWARDED_FOR, peer));
    to.add(X_FORWARDED_PROTO, kept(trusted, from, X_FORWARDED_PROTO, scheme));
    to.add(X_FORWARDED_HOST, kept(trusted, from, X_FORWARDED_HOST, host == null ? "" : host));
    to.add(FORWARDED, appended(trusted, from, FORWARDED, element(peer, scheme, host)));
  }

  private static String appended(boolean trusted, MultiMap from, CharSequence name, String hop) {
    if (!trusted || !from.contains(name)) {
      return hop;
    }
    return String.join(", ", from.getAll(name)) + ", " + hop;
  }

  private static String kept(boolean trusted, MultiMap from, CharSequence name, String own) {
    String sent = trusted ? from.get(name) : null;
    return sent == null ? own : sent;
  }

  /** One element of RFC 7239; IPv6 addresses and hosts with a port must be quoted. */
  private static String element(String peer, String scheme, @Nullable String host) {
    String node = peer.indexOf(':') < 0 ? peer : "\"[" + peer + "]\"";
    String element = "for=" + node + ";proto=" + scheme;
    return host == null ? element : element + ";host=\"" + host + "\"";
  }

  /** Whether a request field is about this hop, about identity, or set anew. */
  static boolean endsHere(CharSequence name, boolean credentialIsOurs) {
    if (name.length() == 0) {
      return true;
    }
    return switch (name.charAt(0) | 0x20) {
      case 'a' -> credentialIsOurs && contentEqualsIgnoreCase(name, HttpHeaders.AUTHORIZATION);
      case 'c' ->
          contentEqualsIgnoreCase(name, HttpHeaders.CONNECTION)
              || contentEqualsIgnoreCase(name, HttpHeaders.CONTENT_LENGTH);
      case 'e' -> contentEqualsIgnoreCase(name, HttpHeaders.EXPECT);
      case 'f' -> contentEqualsIgnoreCase(name, FORWARDED);
      case 'h' ->
          contentEqualsIgnoreCase(name, HttpHeaders.HOST)
              || contentEqualsIgnoreCase(name, "http2-settings");
      case 'k' -> contentEqualsIgnoreCase(name, "keep-alive");
      case 'p' -> isProxyField(name);
      case 't' ->
          contentEqualsIgnoreCase(name, TE)
              || contentEqualsIgnoreCase(name, HttpHeaders.TRANSFER_ENCODING);
      case 'u' -> contentEqualsIgnoreCase(name, HttpHeaders.UPGRADE);
      case 'x' -> isIdentity(name) || isForwarding(name);
      default -> false;
    };
  }

  /** Whether an answer's field is about the upstream's connection, or is the gateway's to say. */
  static boolean staysUpstream(CharSequence name) {
    if (name.length() == 0) {
      return true;
    }
    return switch (name.charAt(0) | 0x20) {
      case 'c' ->
          contentEqualsIgnoreCase(name, HttpHeaders.CONNECTION)
              || contentEqualsIgnoreCase(name, HttpHeaders.CONTENT_LENGTH);
      case 'k' -> contentEqualsIgnoreCase(name, "keep-alive");
      case 'p' -> isProxyField(name);
      case 't' ->
          contentEqualsIgnoreCase(name, TE)
              || contentEqualsIgnoreCase(name, HttpHeaders.TRANSFER_ENCODING);
      case 'u' -> contentEqualsIgnoreCase(name, HttpHeaders.UPGRADE);
      case 'x' -> isIdentity(name);
      default -> false;
    };
  }

  /**
   * Whether a trailer field of that name may pass: it is not about framing, routing or identity.
   */
  static boolean passesAsTrailer(CharSequence name) {
    return !endsHere(name, true)
        && !contentEqualsIgnoreCase(name, HttpHeaders.COOKIE)
        && !contentEqualsIgnoreCase(name, HttpHeaders.SET_COOKIE)
        && !contentEqualsIgnoreCase(name, HttpHeaders.CONTENT_TYPE)
        && !contentEqualsIgnoreCase(name, HttpHeaders.CONTENT_ENCODING)
        && !contentEqualsIgnoreCase(name, HttpHeaders.CONTENT_RANGE)
        && !contentEqualsIgnoreCase(name, "trailer")
        && !contentEqualsIgnoreCase(name, RequestIds.HEADER);
  }

  private static boolean isProxyField(CharSequence name) {
    return contentEqualsIgnoreCase(name, "proxy-connection")
        || contentEqualsIgnoreCase(name, HttpHeaders.PROXY_AUTHENTICATE)
        || contentEqualsIgnoreCase(name, HttpHeaders.PROXY_AUTHORIZATION);
  }

  private static boolean isIdentity(CharSequence name) {
    return startsWith(name, IDENTITY_PREFIX);
  }

  private static boolean isForwarding(CharSequence name) {
    return startsWith(name, X_FORWARDED_PREFIX) || contentEqualsIgnoreCase(name, "x-real-ip");
  }

  private static boolean startsWith(CharSequence name, CharSequence prefix) {
    return AsciiString.regionMatches(name, true, 0, prefix, 0, prefix.length());
  }

  /** Returns the lower-case names that {@code Connection} declares to be about one hop. */
  private static Set<String> nominated(MultiMap from) {
    String first = from.get(HttpHeaders.CONNECTION);
    return namesNothing(first) && (first == null || from.getAll(HttpHeaders.CONNECTION).size() == 1)
        ? Set.of()
        : split(from.getAll(HttpHeaders.CONNECTION));
  }

  private static Set<String> nominated(io.netty.handler.codec.http.HttpHeaders from) {
    String first = from.get(HttpHeaders.CONNECTION);
    return namesNothing(first) && (first == null || from.getAll(HttpHeaders.CONNECTION).size() == 1)
        ? Set.of()
        : split(from.getAll(HttpHeaders.CONNECTION));
  }

  private static boolean namesNothing(@Nullable String connection) {
    return connection == null
        || connection.equalsIgnoreCase("keep-alive")
        || connection.equalsIgnoreCase("close")
        || connection.equalsIgnoreCase("upgrade");
  }

  private static Set<String> split(List<String> lines) {
    Set<String> names = new HashSet<>();
    for (String line : lines) {
      for (String name : line.split(",", -1)) {
        names.add(name.strip().toLowerCase(Locale.ROOT));
      }
    }
    return names;
  }

  private static boolean isNominated(Set<String> nominated, CharSequence name) {
    return !nominated.isEmpty() && nominated.contains(name.toString().toLowerCase(Locale.ROOT));
  }

  private static void addCookies(RequestFields to, String line) {
    String rest = SessionCookie.without(line);
    if (!rest.isEmpty()) {
      to.add(HttpHeaders.COOKIE, rest);
    }
  }

  private static boolean isOurCookie(CharSequence name, CharSequence value) {
    return contentEqualsIgnoreCase(name, HttpHeaders.SET_COOKIE)
        && SessionCookie.isNamedIn(value.toString());
  }

  /** Walks the fields without making strings of names that are not looked at again. */
  @SuppressWarnings({"unchecked", "rawtypes"})
  private static Iterator<Map.Entry<CharSequence, CharSequence>> fields(MultiMap headers) {
    return headers instanceof io.netty.handler.codec.http.HttpHeaders http1
        ? http1.iteratorCharSequence()
        : (Iterator) headers.iterator();
  }
}
