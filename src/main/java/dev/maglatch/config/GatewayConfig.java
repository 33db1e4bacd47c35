// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.config;

import dev.maglatch.cluster.ClusterConfig;
import dev.maglatch.http.BearerToken;
import dev.maglatch.postgres.DatabaseAddress;
import dev.maglatch.postgres.DatabaseConfig;
import dev.maglatch.proxy.ProxyConfig;
import dev.maglatch.secret.Secret;
import dev.maglatch.session.SessionConfig;
import dev.maglatch.settings.Section;
import dev.maglatch.settings.Settings;
import dev.maglatch.usage.UsageConfig;
import dev.maglatch.verify.CacheConfig;
import dev.maglatch.webhook.WebhookConfig;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Everything that can be set.
 *
 * @param management where our own routes are
 * @param dataDir where embedded data and development secrets are kept
 * @param acceptUnchecked whether tokens with wrong check bytes are looked up within a budget
 * @param organizationKeys most active keys of one organization; 0 for no bound
 * @param eventsToken what upstreams publish events with; null if nobody may
 * @param dashboard whether the web pages are there
 */
public record GatewayConfig(
    HttpConfig http,
    ListenAddress ops,
    ManagementConfig management,
    Path dataDir,
    DatabaseConfig database,
    SecretsConfig secrets,
    boolean acceptUnchecked,
    CacheConfig cache,
    ClusterConfig cluster,
    UsageConfig usage,
    ProxyConfig proxy,
    SessionConfig sessions,
    int organizationKeys,
    WebhookConfig webhooks,
    @Nullable Secret eventsToken,
    DialectConfig magpipe,
    DialectConfig magicpost,
    DialectConfig organization,
    boolean dashboard,
    LogConfig log,
    EventLoops eventLoops) {
  private static final Duration WARM_UP = Duration.ofMillis(2_500);
  private static final int OPS_PORT = 9_090;

  /**
   * Reads all settings. What is wrong is noted in {@code settings}, whose problems the caller asks
   * for afterwards; only if there are none is the result fit for use.
   */
  public static GatewayConfig read(Settings settings, Mode mode) {
    Section root = settings.root();
    Section dialects = root.section("dialects");
    CacheConfig cache = CacheConfig.read(root.section("cache"));
    return new GatewayConfig(
        HttpConfig.read(root.section("http"), root.section("cors")),
        ListenAddress.read(root.section("ops"), OPS_PORT),
        ManagementConfig.read(root.section("management")),
        dataDir(root),
        database(root.section("database"), mode),
        SecretsConfig.read(root.section("secrets"), mode),
        root.section("tokens").flag("accept-unchecked", false),
        cache,
        ClusterConfig.read(root.section("cluster")),
        UsageConfig.read(root.section("usage")),
        ProxyConfig.read(root.section("proxy"), cache.maxStaleness()),
        SessionConfig.read(root.section("sessions")),
        root.section("limits").integer("organization-keys", 0, 0, Integer.MAX_VALUE),
        WebhookConfig.read(root.section("webhooks")),
        eventsToken(root.section("events")),
        DialectConfig.read(dialects.section("magpipe"), "/functions/v1"),
        DialectConfig.read(dialects.section("magicpost"), "/api/v1"),
        DialectConfig.read(dialects.section("organization"), "/v1"),
        root.section("dashboard").flag("enabled", true),
        LogConfig.read(root.section("log")),
        EventLoops.read(root, mode == Mode.DEV ? Duration.ZERO : WARM_UP));
  }

  /** Returns the same with the database at {@code started}. */
  public GatewayConfig withDatabase(DatabaseAddress started) {
    return new GatewayConfig(
        http,
        ops,
        management,
        dataDir,
        database.at(started),
        secrets,
        acceptUnchecked,
        cache,
        cluster,
        usage,
        proxy,
        sessions,
        organizationKeys,
        webhooks,
        eventsToken,
        magpipe,
        magicpost,
        organization,
        dashboard,
        log,
        eventLoops);
  }

  /** One that no publisher could send would close the route without a word. */
  private static @Nullable Secret eventsToken(Section events) {
    Secret token = events.secret("token");
    if (token != null && !BearerToken.canBe(token.reveal())) {
      events.problem("token", "letters, digits and -._~+/ with = at the end alone");
      return null;
    }
    return token;
  }

  private static Path dataDir(Section root) {
    String usual = ".maglatch";
    try {
      return Path.of(root.text("data-dir", usual));
    } catch (InvalidPathException notAPath) {
      root.problem("data-dir", "a folder");
      return Path.of(usual);
    }
  }

  private static DatabaseConfig database(Section section, Mode mode) {
    DatabaseConfig database = DatabaseConfig.read(section);
    boolean needed = mode != Mode.DEV && !database.embedded();
    if (needed && database.address() == null && !section.has("url")) {
      section.problem(
          "url", "postgresql://user:password@host:5432/name, or database.embedded: true");
    }
    return database;
  }
}
