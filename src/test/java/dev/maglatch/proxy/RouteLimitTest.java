// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.maglatch.key.KeyKind;
import dev.maglatch.key.KeyPolicy;
import dev.maglatch.key.KeyPolicy.RateLimit;
import dev.maglatch.key.Principal;
import dev.maglatch.limit.KeyLimits;
import dev.maglatch.limit.LimitListener;
import dev.maglatch.limit.Window;
import dev.maglatch.settings.Settings;
import dev.maglatch.verify.CredentialVerifier;
import dev.maglatch.verify.Verdict;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What callers of a limited route see. */
class RouteLimitTest {
  @TempDir private Path folder;
  private final UpstreamServer upstream = new UpstreamServer();
  private @Nullable RunningProxy running;

  @AfterEach
  void stop() {
    if (running != null) {
      running.close();
    }
    upstream.close();
  }

  private RunningProxy proxy(Auth auth, RouteLimit limit) {
    RouteAccess access = new RouteAccess(auth, Set.of(), CredentialVerifier.AS_CONFIGURED, limit);
    RunningProxy proxy =
        new RunningProxy(
            new ProxyConfig(
                List.of(Routes.with(Route.catchAll(upstream.address()), access)),
                List.of(),
                ProxyConfig.Pool.DEFAULT),
            ListenerConfig.DEFAULT,
            parts -> RunningProxy.at(parts, () -> Instant.ofEpochSecond(90)));
    proxy.credentials.at("mp_a", Verdict.allowed(RunningProxy.principal(KeyKind.MP)));
    running = proxy;
    return proxy;
  }

  private static Message ask(Wire client, String path, String... fields) throws IOException {
    client.write("GET " + path + " HTTP/1.1\r\nHost: h\r\n" + String.join("\r\n", fields));
    client.write(fields.length == 0 ? "\r\n" : "\r\n\r\n");
    return client.head();
  }

  /** The wire of the original: a fixed minute, and a body that says how it stands. */
  @Test
  void magicPostsClientsAreToldWhatTheyKnow() throws IOException {
    RouteLimit limit = new RouteLimit(List.of(Window.perMinute(2)), true);
    try (Wire client = proxy(Auth.REQUIRED, limit).connect()) {
      Message first = ask(client, "/x", "Authorization: Bearer mp_a");
      client.readText(first);
      assertThat(first.status()).isEqualTo(200);
      assertThat(first.field("ratelimit-policy")).isEqualTo("\"minute\";q=2;w=60");
      assertThat(first.field("ratelimit")).isEqualTo("\"minute\";r=1;t=30");
      assertThat(first.field("x-ratelimit-limit")).isEqualTo("2");
      assertThat(first.field("x-ratelimit-remaining")).isEqualTo("1");
      assertThat(first.field("x-ratelimit-reset")).isEqualTo("120");
      Message second = ask(client, "/x", "Authorization: Bearer mp_a");
      client.readText(second);
      assertThat(second.status()).as("limit").isEqualTo(200);
      Message third = ask(client, "/x", "Authorization: Bearer mp_a");
      assertThat(third.status()).as("limit + 1").isEqualTo(429);
      assertThat(third.field("retry-after")).isEqualTo("30");
      assertThat(third.field("x-ratelimit-remaining")).isEqualTo("0");
      JsonObject body = new JsonObject(client.readText(third));
      assertThat(body.getString("error_type")).isEqualTo("rate_limited");
      assertThat(body.getLong("current_count")).isEqualTo(2);
      assertThat(body.getLong("limit")).isEqualTo(2);
      assertThat(body.getString("hint")).isNotBlank();
    }
    assertThat(upstream.received()).hasSize(2);
  }

  /** Whichever of the two limits refuses a request, the other one has not been asked for it. */
  @Test
  void requestThatOneLimitRefusesCostsNothingOfTheOther() throws IOException {
    RouteLimit limit = new RouteLimit(List.of(Window.perMinute(1)), false);
    RouteAccess narrow =
        new RouteAccess(Auth.REQUIRED, Set.of(), CredentialVerifier.AS_CONFIGURED, limit);
    Route everything = Route.catchAll(upstream.address());
    Route limited =
        Routes.named(
            Routes.with(
                Routes.with(everything, narrow),
                new RouteMatch(null, PathPattern.prefix("/narrow"), Set.of())),
            "narrow");
    KeyLimits limits = new KeyLimits(() -> 1, System::nanoTime, LimitListener.NONE);
    running =
        new RunningProxy(
            new ProxyConfig(List.of(limited, everything), List.of(), ProxyConfig.Pool.DEFAULT),
            ListenerConfig.DEFAULT,
            parts -> RunningProxy.limiting(parts, limits));
    Principal key = limited(RunningProxy.principal(KeyKind.MP), new RateLimit(3, 3_600));
    running.credentials.at("mp_a", Verdict.allowed(key));
    try (Wire client = running.connect()) {
      assertThat(left(client, "/narrow", 200)).isEqualTo("2");
      for (int i = 0; i < 5; i++) {
        left(client, "/narrow", 429);
      }
      assertThat(left(client, "/wide", 200)).isEqualTo("1");
      assertThat(left(client, "/wide", 200)).isEqualTo("0");
      assertThat(left(client, "/wide", 429)).isEqualTo("0");
    }
    assertThat(upstream.received()).hasSize(3);
  }

  private static Principal limited(Principal key, RateLimit limit) {
    return new Principal(
        key.method(),
        key.keyId(),
        key.kind(),
        key.accountId(),
        key.organizationId(),
        key.serviceAccountId(),
        key.scopes(),
        key.permissions(),
        key.sessionId(),
        key.owner(),
        new KeyPolicy(null, limit));
  }

  /** Returns how many requests the key has left. */
  private static String left(Wire client, String path, int status) throws IOException {
    Message answer = ask(client, path, "Authorization: Bearer mp_a");
    client.readText(answer);
    assertThat(answer.status()).as(path).isEqualTo(status);
    String standing = answer.field("ratelimit");
    assertThat(standing).isNotNull();
    return standing.replaceAll(".*\"key\";r=(\\d+);.*", "$1");
  }

  @Test
  void twoWindowsAreToldOfTogether() throws IOException {
    RouteLimit limit = new RouteLimit(List.of(Window.perMinute(5), Window.perDay(1)), false);
    try (Wire client = proxy(Auth.OPTIONAL, limit).connect()) {
      Message first = ask(client, "/x");
      client.readText(first);
      assertThat(first.status()).isEqualTo(200);
      assertThat(first.field("ratelimit")).isEqualTo("\"minute\";r=4;t=30, \"day\";r=0;t=86310");
      assertThat(first.has("x-ratelimit-limit")).isFalse();
      Message second = ask(client, "/x");
      assertThat(second.status()).as("by address, without a credential").isEqualTo(429);
      assertThat(second.field("ratelimit")).isEqualTo("\"day\";r=0;t=86310");
      assertThat(second.field("retry-after")).isEqualTo("86310");
      assertThat(client.readText(second)).contains("\"code\":\"rate_limited\"");
      Message other = ask(client, "/x", "Authorization: Bearer mp_a");
      assertThat(other.status()).as("another caller").isEqualTo(200);
    }
  }

  /** What another proxy asks about counts like what comes by itself. */
  @Test
  void forwardAuthCountsTowardsTheLimitOfTheOriginalRequestsRoute() throws IOException {
    RouteLimit limit = new RouteLimit(List.of(Window.perMinute(2)), false);
    String key = "Authorization: Bearer mp_a";
    try (Wire client = proxy(Auth.REQUIRED, limit).connect()) {
      Message first = ask(client, ForwardAuth.PATH, key, "X-Forwarded-Uri: /x");
      assertThat(first.status()).isEqualTo(200);
      assertThat(client.readText(first)).isEmpty();
      assertThat(first.field("ratelimit")).isEqualTo("\"minute\";r=1;t=30");
      Message second = ask(client, "/x", key);
      client.readText(second);
      assertThat(second.status()).isEqualTo(200);
      Message third = ask(client, ForwardAuth.PATH, key, "X-Forwarded-Uri: /x");
      assertThat(third.status()).isEqualTo(429);
      assertThat(third.field("retry-after")).isEqualTo("30");
      client.readText(third);
      Message elsewhere = ask(client, ForwardAuth.PATH, key);
      client.readText(elsewhere);
      assertThat(elsewhere.status()).as("of no route").isEqualTo(200);
    }
  }

  /** A question may be about several routes, all of which must let it pass. */
  @Test
  void questionThatOneRouteRefusesCostsNothingOfTheOthers() throws IOException {
    Route wide = limited("wide", 3);
    Route narrow = limited("narrow", 1);
    running =
        new RunningProxy(
            new ProxyConfig(List.of(wide, narrow), List.of(), ProxyConfig.Pool.DEFAULT),
            ListenerConfig.DEFAULT,
            parts -> RunningProxy.at(parts, () -> Instant.ofEpochSecond(90)));
    running.credentials.at("mp_a", Verdict.allowed(RunningProxy.principal(KeyKind.MP)));
    String key = "Authorization: Bearer mp_a";
    try (Wire client = running.connect()) {
      String[] both = {key, "X-Forwarded-Uri: /wide", "X-Original-Uri: /narrow"};
      int[] statuses = {200, 429, 429, 429, 429};
      for (int status : statuses) {
        Message answer = ask(client, ForwardAuth.PATH, both);
        client.readText(answer);
        assertThat(answer.status()).isEqualTo(status);
      }
      for (int left = 1; left >= 0; left--) {
        Message answer = ask(client, "/wide", key);
        client.readText(answer);
        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.field("ratelimit")).isEqualTo("\"minute\";r=" + left + ";t=30");
      }
      assertThat(ask(client, "/wide", key).status()).isEqualTo(429);
    }
  }

  private Route limited(String name, int perMinute) {
    RouteLimit limit = new RouteLimit(List.of(Window.perMinute(perMinute)), false);
    RouteAccess access =
        new RouteAccess(Auth.REQUIRED, Set.of(), CredentialVerifier.AS_CONFIGURED, limit);
    return Routes.named(
        Routes.with(
            Routes.with(Route.catchAll(upstream.address()), access),
            new RouteMatch(null, PathPattern.prefix("/" + name), Set.of())),
        name);
  }

  // Settings.

  private @Nullable RouteLimit read(String limit, int problems) throws IOException {
    String yaml =
        "proxy:\n  routes:\n  - path: /a\n    upstream: http://u\n    rate-limit: {"
            + limit
            + "}\n";
    Path file = Files.writeString(folder.resolve("maglatch.yaml"), yaml);
    Settings settings = Settings.load(file, Map.of(), Map.of());
    ProxyConfig config = ProxyConfig.read(settings.root().section("proxy"), Duration.ofMinutes(10));
    assertThat(settings.problems().toString().lines().filter(line -> line.contains(")")).count())
        .as(settings.problems().toString())
        .isEqualTo(problems);
    return config.routes().isEmpty() ? null : config.routes().get(0).access().limit();
  }

  @Test
  void presetsAndNumbersAreRead() throws IOException {
    assertThat(read("", 0)).isNull();
    assertThat(read("preset: magicpost", 0))
        .isEqualTo(new RouteLimit(List.of(Window.perMinute(60)), false));
    assertThat(read("preset: magpipe, per-minute: 7, legacy-headers: true", 0))
        .isEqualTo(new RouteLimit(List.of(Window.perMinute(7), Window.perDay(10_000)), true));
    assertThat(read("per-day: 9", 0)).isEqualTo(new RouteLimit(List.of(Window.perDay(9)), false));
  }
}
