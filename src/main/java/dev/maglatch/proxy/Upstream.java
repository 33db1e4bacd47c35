// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import dev.maglatch.settings.Section;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Where one server of an upstream is.
 *
 * @param tls whether it speaks https
 * @param host name or address; an IPv6 address without brackets
 * @param port always set
 * @param basePath stands before the path of every request; empty, or starts with a slash and ends
 *     with none
 */
public record Upstream(boolean tls, String host, int port, String basePath) {
  /** Reads an http or https URL without query, fragment or user; null if {@code url} is none. */
  public static @Nullable Upstream parse(String url) {
    try {
      return of(new URI(url));
    } catch (URISyntaxException notUrl) {
      return null;
    }
  }

  /** Reads a setting; null if it is not set, or noted as a problem. */
  static @Nullable Upstream read(Section section, String key) {
    String url = section.text(key);
    Upstream upstream = url == null ? null : parse(url);
    if (url != null && upstream == null) {
      section.problem(key, "an http or https URL without query, such as http://orders:8080");
    }
    return upstream;
  }

  /** Returns what a path is added to. */
  public String url() {
    return (tls ? "https://" : "http://") + authority() + basePath;
  }

  /** Returns host and port as a {@code Host} header has them: without the scheme's own port. */
  public String authority() {
    String name = host.indexOf(':') < 0 ? host : "[" + host + "]";
    return port == (tls ? 443 : 80) ? name : name + ":" + port;
  }

  private static @Nullable Upstream of(URI url) {
    String scheme = url.getScheme() == null ? "" : url.getScheme().toLowerCase(Locale.ROOT);
    boolean tls = scheme.equals("https");
    if ((!tls && !scheme.equals("http"))
        || url.getHost() == null
        || url.getPort() == 0
        || url.getPort() > 65_535
        || url.getRawUserInfo() != null
        || url.getRawQuery() != null
        || url.getRawFragment() != null) {
      return null;
    }
    int port = url.getPort() < 0 ? (tls ? 443 : 80) : url.getPort();
    String basePath = withoutSlash(url.getRawPath());
    return PathRules.isPlain(basePath)
        ? new Upstream(tls, unbracketed(url.getHost()), port, basePath)
        : null;
  }

  private static String unbracketed(String host) {
    return host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
  }

  private static String withoutSlash(String path) {
    return path.endsWith("/") ? path.substring(0, path.length() - 1) : path;
  }
}
