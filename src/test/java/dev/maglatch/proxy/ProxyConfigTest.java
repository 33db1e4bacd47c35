// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.maglatch.proxy.ProxyConfig.Pool;
import dev.maglatch.proxy.Route.Timeouts;
import dev.maglatch.settings.Settings;
import io.vertx.core.http.HttpMethod;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProxyConfigTest {
  @TempDir Path folder;

  @Test
  void nothingIsForwardedByDefault() {
    ProxyConfig config = ProxyConfig.read(Settings.empty().root().section("proxy"));

    assertThat(config).isEqualTo(new ProxyConfig(List.of(), List.of(), Pool.DEFAULT));
    assertThat(ListenerConfig.read(Settings.empty().root())).isEqualTo(ListenerConfig.DEFAULT);
  }

  @Test
  void upstreamAloneTakesEverything() {
    Settings settings =
        Settings.load(null, Map.of("MAGLATCH_PROXY_UPSTREAM", "http://orders:8080/"), Map.of());

    assertThat(ProxyConfig.read(settings.root().section("proxy")))
        .isEqualTo(ProxyConfig.to(new Upstream(false, "orders", 8080, "")));
    assertThat(settings.problems().isEmpty()).isTrue();
  }

  @Test
  void everyKeyIsReadFromText() throws IOException {
    Settings settings =
        yaml(
            """
            proxy:
              trusted-cidrs: [10.0.0.0/8, "::1"]
              max-connections: 7
              max-waiting: 9
              max-wait: 2s
              max-in-flight: 50
              head-timeout: 3s
              max-body: 1m
              routes:
                - name: orders
                  host: API.example
                  path: /orders/
                  methods: [GET, POST]
                  upstream: https://[2001:db8::1]/base/
                  auth: optional
                  scopes: [read, "mcp:v1"]
                  dialect: organization
                  connect-timeout: 500ms
                  idle-timeout: 1h
                  max-body: 64k
                - upstream: http://rest
            """);

    ProxyConfig config = ProxyConfig.read(settings.root().section("proxy"));

    assertThat(settings.problems().lines()).isEmpty();
    assertThat(config)
        .isEqualTo(
            new ProxyConfig(
                List.of(
                    new Route(
                        "orders",
                        "api.example",
                        new PathPrefix("/orders"),
                        Set.of(HttpMethod.GET, HttpMethod.POST),
                        UpstreamGroup.of(
                            new Upstream(true, "2001:db8::1", 443, "/base"),
                            Duration.ofMillis(500)),
                        Auth.OPTIONAL,
                        Set.of("read", "mcp:v1"),
                        Dialect.ORGANIZATION,
                        new Timeouts(
                            Duration.ofMillis(500), Duration.ofSeconds(3), Duration.ofHours(1)),
                        65_536),
                    new Route(
                        "/",
                        null,
                        PathPrefix.ALL,
                        Set.of(),
                        UpstreamGroup.of(
                            new Upstream(false, "rest", 80, ""), Duration.ofSeconds(2)),
                        Auth.REQUIRED,
                        Set.of(),
                        null,
                        new Timeouts(
                            Duration.ofSeconds(2), Duration.ofSeconds(3), Duration.ofSeconds(60)),
                        1_048_576)),
                List.of("10.0.0.0/8", "::1"),
                new Pool(7, 9, Duration.ofSeconds(2), 50)));
  }

  @Test
  void listenerIsReadFromText() throws IOException {
    Settings settings =
        yaml(
            """
            host: 127.0.0.1
            port: 0
            max-headers: 50
            max-request-line: 4k
            max-header-size: 8k
            header-timeout: 5s
            idle-timeout: 1m
            max-connections: 100
            drain-delay: 2s
            drain-timeout: 0s
            """);

    assertThat(ListenerConfig.read(settings.root()))
        .isEqualTo(
            new ListenerConfig(
                "127.0.0.1",
                0,
                50,
                4_096,
                8_192,
                Duration.ofSeconds(5),
                Duration.ofMinutes(1),
                100,
                Duration.ofSeconds(2),
                Duration.ZERO,
                Protocols.DEFAULT));
    assertThat(settings.problems().isEmpty()).isTrue();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "upstream: 'ftp://x'                  | proxy.upstream: ftp://x (expected: an http or https",
        "upstream: 'orders:8080'              | proxy.upstream: orders:8080 (expected",
        "upstream: 'http://x?a'               | proxy.upstream: http://x?a (expected",
        "upstream: 'http://x/a/../b'          | proxy.upstream: http://x/a/../b (expected",
        "upstream: 'http://x:99999'           | proxy.upstream: http://x:99999 (expected",
        "trusted-cidrs: [10.0.0.0/99]         | proxy.trusted-cidrs: 10.0.0.0/99 (expected",
        "routes: [{path: /a}]                 | proxy.routes[0].upstream: missing (expected",
        "routes: [{path: a, upstream: 'http://x'}] | proxy.routes[0].path: a (expected",
        "routes: [{path: /a/../b, upstream: 'http://x'}] | proxy.routes[0].path: /a/../b (exp",
        "routes: [{path: '/a%2Fb', upstream: 'http://x'}] | proxy.routes[0].path: /a%2Fb (exp",
        "routes: [{host: 'x:80', upstream: 'http://x'}] | proxy.routes[0].host: x:80 (expected",
        "routes: [{methods: [TRACE], upstream: 'http://x'}] | proxy.routes[0].methods: TRACE (exp",
        "routes: [{auth: maybe, upstream: 'http://x'}] | proxy.routes[0].auth: maybe (expected",
        "routes: [{dialect: xml, upstream: 'http://x'}] | proxy.routes[0].dialect: xml (expected",
        "routes: [{auth: none, scopes: [a], upstream: 'http://x'}] | proxy.routes[0].scopes: a",
        "routes: [{upstream: 'http://x', rewrite: /b}] | proxy.routes[0].rewrite: unknown key",
      })
  void complaintNamesKeyValueAndExpectation(String line, String complaint) throws IOException {
    Settings settings = yaml("proxy:\n  " + line + "\n");
    ProxyConfig.read(settings.root().section("proxy"));

    assertThat(settings.problems().lines()).singleElement().asString().contains(complaint);
  }

  @Test
  void upstreamBesideRoutesIsAProblem() throws IOException {
    Settings settings =
        yaml("proxy: {upstream: 'http://x', routes: [{path: /a, upstream: 'http://y'}]}");
    ProxyConfig.read(settings.root().section("proxy"));

    assertThat(settings.problems().lines())
        .singleElement()
        .asString()
        .contains("proxy.upstream: http://x (expected: not set when proxy.routes is)");
  }

  @Test
  void upstreamsAreNamedByRoutes() throws IOException {
    Settings settings =
        yaml(
            """
            proxy:
              max-waiting: 9
              connect-timeout: 1s
              upstreams:
                - name: orders
                  targets:
                    - url: http://orders-1:3000/base
                      weight: 3
                    - url: https://orders-2
                  balance: round-robin
                  max-connections: 7
                  max-in-flight: 50
                - name: rest
                  targets: [{url: "http://rest"}]
                  connect-timeout: 500ms
              routes:
                - path: /orders
                  upstream: orders
                - upstream: rest
            """);

    ProxyConfig config = ProxyConfig.read(settings.root().section("proxy"));

    assertThat(settings.problems().lines()).isEmpty();
    assertThat(config.routes())
        .extracting(Route::upstream)
        .containsExactly(
            new UpstreamGroup(
                "orders",
                List.of(
                    new UpstreamGroup.Target(new Upstream(false, "orders-1", 3000, "/base"), 3),
                    new UpstreamGroup.Target(new Upstream(true, "orders-2", 443, ""), 1)),
                UpstreamGroup.Balance.ROUND_ROBIN,
                Duration.ofSeconds(1),
                new Pool(7, 9, Duration.ofSeconds(3), 50)),
            new UpstreamGroup(
                "rest",
                List.of(new UpstreamGroup.Target(new Upstream(false, "rest", 80, ""), 1)),
                UpstreamGroup.Balance.LEAST_REQUESTS,
                Duration.ofMillis(500),
                new Pool(64, 9)));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{targets: [{url: 'http://x'}]} | proxy.upstreams[0].name: missing (expected: up to 64",
        "{name: 'a b', targets: [{url: 'http://x'}]} | proxy.upstreams[0].name: a b (expected",
        "{name: a} | proxy.upstreams[0].targets: missing (expected: 1 to 64 items",
        "{name: a, targets: [{weight: 1}]} | proxy.upstreams[0].targets[0].url: missing (expected",
        "{name: a, targets: [{url: x}]} | proxy.upstreams[0].targets[0].url: x (expected: an http",
        "{name: a, targets: [{url: 'http://x', weight: 0}]} | targets[0].weight: 0 (expected: 1 to",
        "{name: a, targets: [{url: 'http://x'}], balance: x} | proxy.upstreams[0].balance: x (exp",
        "{name: a, targets: [{url: 'http://x'}], max-wait: 0s} | proxy.upstreams[0].max-wait: 0s",
      })
  void complaintAboutAnUpstreamNamesKeyValueAndExpectation(String item, String complaint)
      throws IOException {
    Settings settings = yaml("proxy:\n  upstreams: [" + item + "]\n");
    ProxyConfig.read(settings.root().section("proxy"));

    assertThat(settings.problems().lines()).singleElement().asString().contains(complaint);
  }

  @Test
  void upstreamsHaveNamesOfTheirOwnAndTheirOwnTimeToConnect() throws IOException {
    String orders = "{name: orders, targets: [{url: 'http://x'}]}";
    Settings settings =
        yaml(
            "proxy: {upstreams: ["
                + orders
                + ", "
                + orders
                + "], routes: [{path: /a, upstream: orders, connect-timeout: 1s},"
                + " {path: /b, upstream: order}]}");
    ProxyConfig.read(settings.root().section("proxy"));

    assertThat(settings.problems().lines())
        .satisfiesExactly(
            twice -> assertThat(twice).contains("upstreams[1].name: orders (expected: a name th"),
            timeout -> assertThat(timeout).contains("routes[0].connect-timeout: 1s (expected: set"),
            unknown ->
                assertThat(unknown).contains("routes[1].upstream: order (expected: an http"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      nullValues = "-",
      value = {
        "path: /a              | path: /a              | no",
        "path: /a              | path: /a/b            | no",
        "path: /               | path: /b              | no",
        "path: /a              | path: /ab             | yes",
        "path: /a/b            | path: /a              | yes",
        "path: /, methods: [GET] | path: /b            | yes",
        "path: /, methods: [GET, PUT] | path: /b, methods: [PUT] | no",
        "path: /, methods: [GET] | path: /b, methods: [GET, PUT] | yes",
        "host: a.b             | path: /b              | yes",
        "host: a.b             | 'host: A.B, path: /b' | no",
        "path: /               | host: a.b             | no",
      })
  void routeThatNeverGetsARequestIsAProblem(String first, String second, String reachable)
      throws IOException {
    String url = "upstream: 'http://x'";
    Settings settings =
        yaml("proxy: {routes: [{" + first + ", " + url + "}, {" + second + ", " + url + "}]}");
    ProxyConfig.read(settings.root().section("proxy"));

    assertThat(settings.problems().isEmpty()).isEqualTo(reachable.equals("yes"));
  }

  @ParameterizedTest
  @CsvSource(
      nullValues = "-",
      value = {
        "http://a, a",
        "http://a:80, a",
        "http://a:81, a:81",
        "https://a, a",
        "https://a:80, a:80",
        "http://[::1]:8080/x, [::1]:8080"
      })
  void authorityLeavesOutTheUsualPort(String url, @Nullable String authority) {
    assertThat(Upstream.parse(url)).extracting(Upstream::authority).isEqualTo(authority);
  }

  private Settings yaml(String text) throws IOException {
    return Settings.load(
        Files.writeString(folder.resolve("maglatch.yaml"), text), Map.of(), Map.of());
  }
}
