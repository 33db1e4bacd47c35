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
import org.junit.jupiter.params.provider.ValueSource;

class ProxyConfigTest {
  private static final Duration LONGEST = Duration.ofMinutes(10);

  @TempDir Path folder;

  @Test
  void nothingIsForwardedByDefault() {
    ProxyConfig config = ProxyConfig.read(Settings.empty().root().section("proxy"), LONGEST);

    assertThat(config).isEqualTo(new ProxyConfig(List.of(), List.of(), Pool.DEFAULT));
    assertThat(ListenerConfig.read(Settings.empty().root())).isEqualTo(ListenerConfig.DEFAULT);
  }

  @Test
  void upstreamAloneTakesEverything() {
    Settings settings =
        Settings.load(null, Map.of("MAGLATCH_PROXY_UPSTREAM", "http://orders:8080/"), Map.of());

    assertThat(ProxyConfig.read(settings.root().section("proxy"), LONGEST))
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
                  max-staleness: 90s
                  rewrite: /v2/
                  request-headers:
                    set: ["X-Env: production"]
                    add: ["X-Via: a: b"]
                    remove: [X-Debug]
                  response-headers:
                    remove: [Server]
                - upstream: http://rest
            """);

    ProxyConfig config = ProxyConfig.read(settings.root().section("proxy"), LONGEST);

    assertThat(settings.problems().lines()).isEmpty();
    assertThat(config)
        .isEqualTo(
            new ProxyConfig(
                List.of(
                    new Route(
                        "orders",
                        new RouteMatch(
                            new HostPattern("api.example"),
                            PathPattern.prefix("/orders"),
                            Set.of(HttpMethod.GET, HttpMethod.POST)),
                        UpstreamGroup.of(
                            new Upstream(true, "2001:db8::1", 443, "/base"),
                            Duration.ofMillis(500)),
                        new RouteAccess(
                            Auth.OPTIONAL,
                            Set.of("read", "mcp:v1"),
                            Duration.ofSeconds(90).toNanos()),
                        Dialect.ORGANIZATION,
                        new Timeouts(
                            Duration.ofMillis(500), Duration.ofSeconds(3), Duration.ofHours(1)),
                        65_536,
                        new Route.Changes(
                            new PathRewrite.Leading("/orders", "/v2"),
                            new HeaderEdits(
                                List.of("x-debug", "x-env"),
                                List.of(
                                    new HeaderEdits.Field("X-Env", "production"),
                                    new HeaderEdits.Field("X-Via", "a: b"))),
                            new HeaderEdits(List.of("server"), List.of()))),
                    new Route(
                        "/",
                        RouteMatch.ALL,
                        UpstreamGroup.of(
                            new Upstream(false, "rest", 80, ""), Duration.ofSeconds(2)),
                        RouteAccess.REQUIRED,
                        null,
                        new Timeouts(
                            Duration.ofSeconds(2), Duration.ofSeconds(3), Duration.ofSeconds(60)),
                        1_048_576,
                        Route.Changes.NONE)),
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
                Protocols.DEFAULT,
                Guards.DEFAULT));
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
        "routes: [{upstream: 'http://x', rewrites: /b}] | proxy.routes[0].rewrites: unknown key",
        "routes: [{upstream: 'http://x', host: '*'}] | proxy.routes[0].host: * (expected",
        "routes: [{upstream: 'http://x', host: 'a.*.b'}] | proxy.routes[0].host: a.*.b (expected",
        "routes: [{upstream: 'http://x', path: '/a/{b', match: exact}] | routes[0].path: /a/{b (exp",
        "routes: [{upstream: 'http://x', path: '/{a}/x{b}'}] | routes[0].path: /{a}/x{b} (expected",
        "routes: [{upstream: 'http://x', path: '/{a}/{a}'}] | routes[0].path: /{a}/{a} (expected",
        "routes: [{upstream: 'http://x', path: '/{a}/'}] | routes[0].path: /{a}/ (expected",
        "routes: [{upstream: 'http://x', path: /a, match: template}] | routes[0].path: /a (expected",
        "routes: [{upstream: 'http://x', path: '/{a}', match: prefix}] | routes[0].path: /{a} (exp",
        "routes: [{upstream: 'http://x', match: regex}] | routes[0].match: regex (expected: prefix",
        "routes: [{upstream: 'http://x', rewrite: b}] | routes[0].rewrite: b (expected",
        "routes: [{upstream: 'http://x', rewrite: /a%2Fb}] | routes[0].rewrite: /a%2Fb (expected",
        "routes: [{upstream: 'http://x', rewrite: '/a?b'}] | routes[0].rewrite: /a?b (expected",
        "routes: [{upstream: 'http://x', rewrite: '/{a}'}] | routes[0].rewrite: /{a} (expected",
        "routes: [{upstream: 'http://x', path: '/{a}', rewrite: '/{b}'}] | rewrite: /{b} (expected",
        "routes: [{upstream: 'http://x', path: '/{a}', rewrite: '/x{a}'}] | rewrite: /x{a} (exp",
        "routes: [{upstream: 'http://x', path: /ab, strip-prefix: /a}] | strip-prefix: /a (expected",
        "routes: [{upstream: 'http://x', path: '/{a}/b', strip-prefix: '/{a}'}] | strip-prefix: /{a}",
        "routes: [{upstream: 'http://x', path: /a, strip-prefix: /a, rewrite: /b}] | strip-prefix: /a",
        "routes: [{upstream: 'http://x', max-staleness: 11m}] | routes[0].max-staleness: 11m (exp",
        "routes: [{upstream: 'http://x', auth: none, max-staleness: 1m}] | max-staleness: 1m (exp",
        "routes: [{upstream: 'http://x', request-headers: {set: [X-A]}}] | request-headers.set: X-A",
        "routes: [{upstream: 'http://x', request-headers: {set: ['a b: c']}}] | request-headers.set",
        "routes: [{upstream: 'http://x', request-headers: {remove: [a_b]}}] | request-headers.remove",
        "routes: [{upstream: 'http://x', response-headers: {addd: [a]}}] | response-headers.addd: unk",
      })
  void complaintNamesKeyValueAndExpectation(String line, String complaint) throws IOException {
    Settings settings = yaml("proxy:\n  " + line + "\n");
    ProxyConfig.read(settings.root().section("proxy"), LONGEST);

    assertThat(settings.problems().lines()).singleElement().asString().contains(complaint);
  }

  @Test
  void upstreamBesideRoutesIsAProblem() throws IOException {
    Settings settings =
        yaml("proxy: {upstream: 'http://x', routes: [{path: /a, upstream: 'http://y'}]}");
    ProxyConfig.read(settings.root().section("proxy"), LONGEST);

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

    ProxyConfig config = ProxyConfig.read(settings.root().section("proxy"), LONGEST);

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
                UpstreamGroup.Link.http1(Duration.ofSeconds(1)),
                new Pool(7, 9, Duration.ofSeconds(3), 50)),
            new UpstreamGroup(
                "rest",
                List.of(new UpstreamGroup.Target(new Upstream(false, "rest", 80, ""), 1)),
                UpstreamGroup.Balance.LEAST_REQUESTS,
                UpstreamGroup.Link.http1(Duration.ofMillis(500)),
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
        "{name: a, targets: [{url: 'http://x'}], tls: {server-name: b}} | proxy.upstreams[0].tls.s",
        "{name: a, targets: [{url: 'http://x'}], max-wait: 0s} | proxy.upstreams[0].max-wait: 0s",
      })
  void complaintAboutAnUpstreamNamesKeyValueAndExpectation(String item, String complaint)
      throws IOException {
    Settings settings = yaml("proxy:\n  upstreams: [" + item + "]\n");
    ProxyConfig.read(settings.root().section("proxy"), LONGEST);

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
    ProxyConfig.read(settings.root().section("proxy"), LONGEST);

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
        "host: '*.b'           | host: a.b             | no",
        "host: '*.b'           | host: '*.a.b'         | no",
        "host: '*.b'           | host: b               | yes",
        "host: '*.a.b'         | host: '*.b'           | yes",
        "path: /a              | 'path: /a, match: exact' | no",
        "'path: /a, match: exact' | path: /a           | yes",
        "'path: /a, match: exact' | 'path: /a/, match: exact' | yes",
        "path: /a              | 'path: \"/a/{x}\"'  | no",
        "'path: \"/{x}/b\"' | 'path: /a/b, match: exact' | no",
        "'path: \"/{x}/b\"' | 'path: \"/{y}/b\"'   | no",
        "'path: \"/{x}/b\"' | 'path: \"/a/{y}\"'   | yes",
        "'path: \"/{x}/b\"' | path: /a/b             | yes",
      })
  void routeThatNeverGetsARequestIsAProblem(String first, String second, String reachable)
      throws IOException {
    String url = "upstream: 'http://x'";
    Settings settings =
        yaml("proxy: {routes: [{" + first + ", " + url + "}, {" + second + ", " + url + "}]}");
    ProxyConfig.read(settings.root().section("proxy"), LONGEST);

    assertThat(settings.problems().isEmpty()).isEqualTo(reachable.equals("yes"));
  }

  @Test
  void unreachableRouteIsReportedWithAllThatStandBeforeIt() throws IOException {
    Settings settings =
        yaml(
            """
            proxy:
              routes:
                - {name: read, path: /a, methods: [GET, HEAD], upstream: "http://x"}
                - {name: write, path: /a, methods: [POST], upstream: "http://x"}
                - {name: both, path: /a/b, methods: [GET, POST], upstream: "http://x"}
                - {name: rest, path: /a/b, upstream: "http://x"}
                - {name: read, path: /c, upstream: "http://x"}
            """);
    ProxyConfig.read(settings.root().section("proxy"), LONGEST);

    assertThat(settings.problems().lines())
        .satisfiesExactly(
            line -> assertThat(line).contains("routes[2].path").contains("both", "read and write"),
            line -> assertThat(line).contains("routes[4].name: read").contains("another route"));
  }

  /** Nothing that says who asks, or how the message is framed, can be changed by a route. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "X-Maglatch-Key-Id",
        "x-maglatch-anything",
        "Connection",
        "Keep-Alive",
        "TE",
        "Trailer",
        "Transfer-Encoding",
        "Upgrade",
        "Proxy-Authorization",
        "Proxy-Connection",
        "Content-Length",
        "X-Request-Id"
      })
  void fieldsOfTheGatewayAreNoRoutes(String name) throws IOException {
    for (String section : List.of("request-headers", "response-headers")) {
      for (String change : List.of("set: ['%s: a']", "add: ['%s: a']", "remove: [%s]")) {
        Settings settings =
            yaml(
                "proxy: {routes: [{upstream: 'http://x', %s: {%s}}]}"
                    .formatted(section, change.formatted(name)));
        ProxyConfig.read(settings.root().section("proxy"), LONGEST);
        assertThat(settings.problems().lines())
            .singleElement()
            .asString()
            .contains("proxy.routes[0]." + section, name + ", which is about identity");
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"Host", "Forwarded", "X-Forwarded-For", "X-Real-IP", "Expect"})
  void fieldsAboutTheClientAreNoRoutes(String name) throws IOException {
    Settings settings =
        yaml(
            "proxy: {routes: [{upstream: 'http://x', request-headers: {set: ['%s: a']}}]}"
                .formatted(name));
    ProxyConfig.read(settings.root().section("proxy"), LONGEST);

    assertThat(settings.problems().lines()).singleElement().asString().contains("without " + name);
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
