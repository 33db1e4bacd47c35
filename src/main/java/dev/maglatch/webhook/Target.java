// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.webhook;

import java.net.IDN;
import java.net.InetAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A webhook's URL, read once: what is checked is what is connected to.
 *
 * <p>Strict on purpose. Whatever two readers could take for different hosts is no target: user
 * information, an address that is not four plain decimal numbers or RFC 4291 text, a zone. A host
 * beyond ASCII is one only if its Punycode reads back as what was written: where the conversion
 * maps characters to others (full-width digits, circled letters, other full stops, ß, joiners) it
 * is none.
 *
 * @param tls whether the scheme is https
 * @param host in lower case and Punycode, without a final dot; an IPv6 address stands in brackets
 * @param port never 0
 * @param authority what the {@code Host} header says
 * @param path with the query, at least {@code /}; without the fragment
 * @param literal the address that the host is; null if it is a name
 */
record Target(
    boolean tls,
    String host,
    int port,
    String authority,
    String path,
    @Nullable InetAddress literal) {
  static final int MAX_CODE_POINTS = 2_048;

  private static final int HTTP = 80;
  private static final int HTTPS = 443;
  private static final int FIRST_USER_PORT = 1_024;
  private static final int MAX_PORT = 65_535;
  private static final Set<Integer> SYSTEM_PORTS = Set.of(HTTP, HTTPS);
  private static final int FIRST_BEYOND_ASCII = 0x80;
  private static final String AFTER_SCHEME = "://";
  private static final Pattern HOST_AND_PORT =
      Pattern.compile("(?<host>[^:@\\[\\]]+)(?<port>(?::[0-9]*)?)");
  private static final Pattern NUMERIC = Pattern.compile("(?:.*\\.)?(?:[0-9]+|0x[0-9a-f]*)");
  private static final Pattern IPV4 =
      Pattern.compile("(?:(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])(?:\\.(?!$)|$)){4}");
  private static final Pattern NAME =
      Pattern.compile(
          "(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*");

  /** Returns the target that {@code url} names; null if it names none, or names it ambiguously. */
  static @Nullable Target of(String url) {
    if (url.codePointCount(0, url.length()) > MAX_CODE_POINTS
        || !StandardCharsets.UTF_8.newEncoder().canEncode(url)) {
      return null;
    }
    try {
      return of(new URI(inAscii(url)).parseServerAuthority());
    } catch (URISyntaxException | IllegalArgumentException notUrl) {
      return null;
    }
  }

  /** Returns {@code url} with its host in Punycode if it has characters beyond ASCII. */
  private static String inAscii(String url) throws URISyntaxException {
    String authority = new URI(url).getRawAuthority();
    if (authority == null || authority.chars().allMatch(c -> c < FIRST_BEYOND_ASCII)) {
      return url;
    }
    Matcher parts = HOST_AND_PORT.matcher(authority);
    if (!parts.matches()) {
      throw new URISyntaxException(url, "no host");
    }
    int start = url.indexOf(AFTER_SCHEME) + AFTER_SCHEME.length();
    return url.substring(0, start)
        + punycode(parts.group("host"))
        + parts.group("port")
        + url.substring(start + authority.length());
  }

  private static String punycode(String host) {
    String written = host.toLowerCase(Locale.ROOT);
    String ascii = IDN.toASCII(written, IDN.USE_STD3_ASCII_RULES);
    if (!IDN.toUnicode(ascii, IDN.USE_STD3_ASCII_RULES).equals(written)) {
      throw new IllegalArgumentException("not the host that was written");
    }
    return ascii;
  }

  private static @Nullable Target of(URI url) {
    boolean tls = "https".equalsIgnoreCase(url.getScheme());
    if ((!tls && !"http".equalsIgnoreCase(url.getScheme()))
        || url.getHost() == null
        || url.getRawUserInfo() != null) {
      return null;
    }
    int usual = tls ? HTTPS : HTTP;
    int port = url.getPort() == -1 ? usual : url.getPort();
    if (!SYSTEM_PORTS.contains(port) && (port < FIRST_USER_PORT || port > MAX_PORT)) {
      return null;
    }
    String host = withoutFinalDot(url.getHost().toLowerCase(Locale.ROOT));
    InetAddress literal = literal(host);
    if (literal == null && !isName(host)) {
      return null;
    }
    String authority = port == usual ? host : host + ":" + port;
    return new Target(tls, host, port, authority, path(url), literal);
  }

  /** Whether the name means the machine itself, whatever a resolver says (RFC 6761). */
  boolean isLocalhost() {
    return host.equals("localhost") || host.endsWith(".localhost");
  }

  /** Returns the host as resolvers and certificates know it: without brackets. */
  String bareHost() {
    return host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
  }

  private static String withoutFinalDot(String host) {
    return host.endsWith(".") ? host.substring(0, host.length() - 1) : host;
  }

  private static @Nullable InetAddress literal(String host) {
    boolean ipv6 = host.startsWith("[") && host.indexOf('%') < 0;
    if (!ipv6 && !IPV4.matcher(host).matches()) {
      return null;
    }
    try {
      return InetAddress.getByName(host); // looks nothing up: it is an address
    } catch (UnknownHostException malformed) {
      return null;
    }
  }

  private static boolean isName(String host) {
    return NAME.matcher(host).matches() && !NUMERIC.matcher(host).matches();
  }

  private static String path(URI url) {
    String ascii = url.toASCIIString();
    int start = ascii.indexOf('/', ascii.indexOf(AFTER_SCHEME) + AFTER_SCHEME.length());
    int query = ascii.indexOf('?');
    int end = ascii.indexOf('#');
    String whole = ascii.substring(0, end < 0 ? ascii.length() : end);
    if (start >= 0 && start < whole.length() && (query < 0 || start < query)) {
      return whole.substring(start);
    }
    return query < 0 || query >= whole.length() ? "/" : "/" + whole.substring(query);
  }
}
