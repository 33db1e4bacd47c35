// SPDX-License-Identifier: Apache-2.0
package dev.maglatch;

import dev.maglatch.api.docs.Edition;
import dev.maglatch.config.DialectConfig;
import dev.maglatch.config.GatewayConfig;
import dev.maglatch.config.HttpConfig;
import java.util.Map;
import java.util.Objects;

/** The documentation as this configuration makes it. */
final class Editions {
  private static final String HERE = "/";
  private static final String OPS_ELSEWHERE = "http://localhost:";

  private Editions() {}

  /** Returns what operators read: its page sends nothing, since the routes are elsewhere. */
  static Edition ops(GatewayConfig config) {
    return new Edition(publicUrl(config), HERE, false, moved(config));
  }

  /** Returns what clients read on the public listener. */
  static Edition open(GatewayConfig config) {
    HttpConfig http = config.http();
    return new Edition(
        Objects.requireNonNullElse(http.publicUrl(), HERE),
        OPS_ELSEWHERE + config.ops().port(),
        true,
        moved(config));
  }

  /** Returns the origin that clients know the gateway by. */
  static String publicUrl(GatewayConfig config) {
    String given = config.http().publicUrl();
    return given != null ? given : "http://localhost:" + config.http().listener().port();
  }

  private static Map<String, String> moved(GatewayConfig config) {
    String rootMount = "/manage-api-keys";
    String signUp = "/auth/v1/signup";
    return Map.of(
        "/functions/v1/",
        base(config.magpipe()),
        rootMount,
        config.magpipe().enabled() ? rootMount : "",
        "/api/v1/",
        base(config.magicpost()),
        "/v1/",
        base(config.organization()),
        signUp,
        config.sessions().signUp() ? signUp : "");
  }

  private static String base(DialectConfig dialect) {
    return dialect.enabled() ? dialect.base() + "/" : "";
  }
}
