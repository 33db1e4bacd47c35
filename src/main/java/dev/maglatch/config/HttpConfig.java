// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.config;

import dev.maglatch.http.Cors;
import dev.maglatch.proxy.ListenerConfig;
import dev.maglatch.settings.Section;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The public listener.
 *
 * @param publicUrl the origin that clients know us by; null if not set
 * @param docs whether the documentation is served here too, and not on the ops listener alone
 * @param allowedOrigins pages that may call from a browser, as {@link Cors} reads them
 */
public record HttpConfig(
    ListenerConfig listener,
    @Nullable String publicUrl,
    boolean docs,
    List<String> allowedOrigins) {

  public HttpConfig {
    allowedOrigins = List.copyOf(allowedOrigins);
  }

  static HttpConfig read(Section http, Section cors) {
    return new HttpConfig(
        ListenerConfig.read(http), publicUrl(http), http.flag("docs", false), allowedOrigins(cors));
  }

  private static @Nullable String publicUrl(Section http) {
    String url = http.text("public-url");
    String origin = url == null ? null : Cors.origin(url);
    if (url != null && !(url.equals(origin) || url.equals(origin + "/"))) {
      http.problem("public-url", "an origin such as https://api.example.com");
      return null;
    }
    return origin;
  }

  private static List<String> allowedOrigins(Section cors) {
    List<String> origins = cors.texts("allowed-origins", List.of());
    if (!origins.stream().allMatch(Cors::isAllowable)) {
      cors.problem("allowed-origins", "origins such as https://app.example.com, or *");
      return List.of();
    }
    return origins;
  }
}
