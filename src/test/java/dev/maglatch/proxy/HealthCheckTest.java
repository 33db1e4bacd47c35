// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.maglatch.proxy.UpstreamGroup.Balance;
import dev.maglatch.proxy.UpstreamGroup.Ejection;
import dev.maglatch.proxy.UpstreamGroup.Link;
import dev.maglatch.proxy.UpstreamGroup.Protocol;
import dev.maglatch.proxy.UpstreamGroup.Target;
import dev.maglatch.settings.Settings;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.net.SelfSignedCertificate;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Servers are asked how they are, and those that are not well get no requests. */
class HealthCheckTest {
  private static final Duration PATIENCE = Duration.ofSeconds(20);
  private static final String PATH = "/health";

  private static final SelfSignedCertificate OWN = SelfSignedCertificate.create("orders.internal");

  private final UpstreamServer bad = new UpstreamServer();
  private final UpstreamServer good = new UpstreamServer();

  @TempDir Path folder;

  @AfterEach
  void close() {
    bad.close();
    good.close();
  }

  @AfterAll
  static void deleteCertificate() {
    OWN.delete();
  }

  @Test
  void serverThatFailsItsCheckGetsNoRequestsUntilItPassesAgain() throws IOException {
    bad.does(sick("503 Service Unavailable"));
    try (RunningProxy proxy = proxy(check(PATH)).checking();
        Wire client = proxy.connect()) {
      awaitHealth(proxy, false, true);
      for (int i = 0; i < 10; i++) {
        assertThat(status(client)).isEqualTo(200);
      }
      assertThat(requests(bad)).isZero();
      assertThat(requests(good)).isEqualTo(10);

      bad.does(UpstreamServer::ok);
      awaitHealth(proxy, true, true);
      for (int i = 0; i < 10; i++) {
        assertThat(status(client)).isEqualTo(200);
      }
      assertThat(requests(bad)).isBetween(5L, 6L);
    }
  }

  @Test
  void serverThatRefusesOrSaysNothingFailsItsCheck() throws IOException {
    bad.close();
    good.does(
        (wire, request) -> {
          if (request.target().equals(PATH)) {
            wire.readHead(); // nothing comes before the connection is closed
          } else {
            UpstreamServer.ok(wire, request);
          }
        });
    try (RunningProxy proxy = proxy(check(PATH)).checking()) {
      awaitHealth(proxy, false, false);
    }
  }

  /** As a process does that hangs: the kernel goes on accepting for it. */
  @Test
  void serverThatAcceptsAndDoesNotBeginWithHttp2FailsItsCheckUntilItDoes() throws IOException {
    AtomicBoolean awake = new AtomicBoolean();
    FrameUpstream.Script script =
        (connection, number) -> {
          if (awake.get()) {
            int stream = connection.settings().until(FrameConnection.HEADERS).stream();
            Buffer ok = FrameConnection.fields(":status", "200");
            connection.sendHead(FrameConnection.END_STREAM, stream, ok).readToEnd();
          } else {
            connection.onlyListen();
          }
        };
    try (FrameUpstream server = new FrameUpstream(script)) {
      Link link = FrameUpstream.link(Duration.ofMillis(100));
      UpstreamGroup group = group(List.of(server.target()), link, check(PATH));
      try (RunningProxy proxy = new RunningProxy(BalancingTest.open(group)).checking()) {
        await().atMost(PATIENCE).until(() -> !known(proxy, server.target()).healthy());
        await().atMost(PATIENCE).until(() -> server.accepted() > 4);
        await().atMost(PATIENCE).until(() -> server.open() <= 1);
        awake.set(true);
        await().atMost(PATIENCE).until(() -> known(proxy, server.target()).healthy());
      }
    }
  }

  /** Checks that fail everywhere may be wrong; no answer for sure would be worse. */
  @Test
  void allGetRequestsWhenNonePassesItsCheck() throws IOException {
    bad.does(sick("500 Broken"));
    good.does(sick("500 Broken"));
    try (RunningProxy proxy = proxy(check(PATH)).checking();
        Wire client = proxy.connect()) {
      awaitHealth(proxy, false, false);
      for (int i = 0; i < 10; i++) {
        assertThat(status(client)).isEqualTo(200);
      }
      assertThat(requests(bad)).isEqualTo(5);
      assertThat(requests(good)).isEqualTo(5);
    }
  }

  /** The last server that passes its check is not ejected for requests that it fails. */
  @Test
  void lastHealthyServerIsNeverEjected() throws IOException {
    bad.does(sick("503 Service Unavailable"));
    try (RunningProxy proxy = proxy(check(PATH)).checking();
        Wire client = proxy.connect()) {
      awaitHealth(proxy, false, true);
      good.does(
          (wire, request) -> {
            if (request.target().equals(PATH)) {
              UpstreamServer.ok(wire, request);
            } else {
              wire.close();
            }
          });
      for (int i = 0; i < 5; i++) {
        assertThat(status(client, "POST")).isEqualTo(502);
      }
      assertThat(requests(bad)).isZero();
      assertThat(requests(good)).isEqualTo(5);
    }
  }

  @Test
  void whatIsExpectedIsUpToTheConfiguration() throws IOException {
    bad.does(sick("302 Found"));
    HealthCheck.Statuses redirects = new HealthCheck.Statuses(302, 302);
    try (RunningProxy proxy = proxy(check(PATH, redirects)).checking()) {
      awaitHealth(proxy, true, false);
    }
  }

  @Test
  void probeNamesItsServerAndItsPath() throws IOException {
    Upstream based = new Upstream(false, "127.0.0.1", good.port(), "/base");
    UpstreamGroup group = group(List.of(new Target(based, 1)), http1(), check("/up?deep=1"));
    try (RunningProxy proxy = new RunningProxy(BalancingTest.open(group)).checking()) {
      await().atMost(PATIENCE).until(() -> !good.received().isEmpty());
      assertThat(proxy.log).isEmpty();
    }
    Message probe = good.received().get(0);
    assertThat(probe.target()).isEqualTo("/base/up?deep=1");
    assertThat(probe.field("Host")).isEqualTo("127.0.0.1:" + good.port());
    assertThat(probe.field("Connection")).isEqualTo("close");
    assertThat(probe.field("User-Agent")).isEqualTo("maglatch-health-check");
  }

  /** By the protocol of the upstream, its authorities and its name; and not with less. */
  @ParameterizedTest
  @CsvSource({"H2, true, true", "H2, false, false", "HTTP1, false, true"})
  void probeSpeaksAsRequestsDo(Protocol protocol, boolean alpn, boolean passes) throws IOException {
    Vertx vertx = Vertx.vertx();
    try {
      Queue<String> versions = new ConcurrentLinkedQueue<>();
      HttpServer server =
          vertx
              .createHttpServer(
                  new HttpServerOptions()
                      .setSsl(true)
                      .setUseAlpn(alpn)
                      .setKeyCertOptions(OWN.keyCertOptions()))
              .requestHandler(
                  request -> {
                    versions.add(request.version().name());
                    request.response().end();
                  });
      int port = RunningProxy.await(server.listen(0, "127.0.0.1")).actualPort();
      String authority = Files.readString(Path.of(OWN.certificatePath()));
      UpstreamTls tls = new UpstreamTls(authority, null, null, "orders.internal");
      Link link = new Link(protocol, Duration.ofSeconds(2), tls);
      Target known = new Target(new Upstream(true, "localhost", port, ""), 1);
      try (RunningProxy proxy =
          new RunningProxy(BalancingTest.open(group(List.of(known), link, check(PATH))))
              .checking()) {
        if (passes) {
          await().atMost(PATIENCE).until(() -> versions.size() >= 2);
          assertThat(versions).containsOnly(protocol == Protocol.H2 ? "HTTP_2" : "HTTP_1_1");
        }
        await().atMost(PATIENCE).until(() -> known(proxy, known).healthy() == passes);
      }
    } finally {
      RunningProxy.await(vertx.close());
    }
  }

  /** What stays is not forgotten, what changes begins anew, and what is gone is asked no more. */
  @Test
  void changedConfigurationIsTakenOver() throws IOException {
    bad.does(sick("503 Service Unavailable"));
    try (RunningProxy proxy = proxy(check(PATH)).checking()) {
      awaitHealth(proxy, false, true);
      TargetHealth before = known(proxy, targets().get(0));
      Route changed = BalancingTest.open(group(targets(), http1(), check(PATH)));
      swap(proxy, Routes.with(changed, 10_000));
      assertThat(known(proxy, targets().get(0))).isSameAs(before);
      assertThat(before.healthy()).isFalse();

      swap(proxy, BalancingTest.open(group(targets(), http1(), check("/other"))));
      int asked = probes(good, PATH);
      await().atMost(PATIENCE).until(() -> probes(good, "/other") >= 3);
      assertThat(probes(good, PATH)).isBetween(asked, asked + 1); // one was under way
      awaitHealth(proxy, true, true);

      swap(proxy, BalancingTest.open(group(targets(), http1(), null)));
      int last = probes(good, "/other");
      swap(proxy, BalancingTest.open(group(targets(), http1(), check("/third"))));
      await().atMost(PATIENCE).until(() -> probes(good, "/third") >= 3);
      assertThat(probes(good, "/other")).isBetween(last, last + 1);
    }
  }

  /** An ejection by an event loop counts too, and ends by itself. */
  @Test
  void serverThatIsEjectedIsNotInUse() throws IOException {
    bad.does((wire, request) -> wire.close());
    try (RunningProxy proxy = proxy(null);
        Wire client = proxy.connect()) {
      TargetHealth health = known(proxy, targets().get(0));
      assertThat(health.inUse(System.nanoTime())).isTrue();
      while (requests(bad) < 2) {
        assertThat(status(client)).isEqualTo(200);
      }
      assertThat(health.inUse(System.nanoTime())).isFalse();
      assertThat(health.inUse(System.nanoTime() + Duration.ofMinutes(1).toNanos())).isTrue();
      assertThat(known(proxy, targets().get(1)).inUse(System.nanoTime())).isTrue();
    }
  }

  @Test
  void everyKeyIsReadFromText() throws IOException {
    String all =
        "{path: /up, interval: 3s, timeout: 400ms, healthy: 4, unhealthy: 5, status: 200-399}";
    assertThat(read(all))
        .isEqualTo(
            new HealthCheck(
                "/up",
                Duration.ofSeconds(3),
                Duration.ofMillis(400),
                4,
                5,
                new HealthCheck.Statuses(200, 399)));
    assertThat(read("{path: /up, status: 204}"))
        .isEqualTo(
            new HealthCheck(
                "/up",
                Duration.ofSeconds(10),
                Duration.ofSeconds(2),
                2,
                3,
                new HealthCheck.Statuses(204, 204)));
    assertThat(read("{}")).isNull();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{interval: 5s} | health-check.path: missing (expected: a path such as /health)",
        "{path: health} | health-check.path: health (expected: a path",
        "{path: '/a b'} | health-check.path: /a b (expected: a path",
        "{path: /a, interval: 1ms} | health-check.interval: 1ms (expected: a duration",
        "{path: /a, timeout: 2m} | health-check.timeout: 2m (expected: a duration",
        "{path: /a, healthy: 0} | health-check.healthy: 0 (expected: 1 to 100)",
        "{path: /a, unhealthy: 101} | health-check.unhealthy: 101 (expected: 1 to 100)",
        "{path: /a, status: 2xx} | health-check.status: 2xx (expected: a status such as 200",
        "{path: /a, status: 299-200} | health-check.status: 299-200 (expected: a status",
        "{path: /a, status: 600} | health-check.status: 600 (expected: a status",
      })
  void complaintNamesKeyValueAndExpectation(String check, String complaint) throws IOException {
    Settings settings = settings(check);
    HealthCheck.read(settings.root().section("health-check"));
    assertThat(settings.problems().lines()).singleElement().asString().contains(complaint);
  }

  private @Nullable HealthCheck read(String check) throws IOException {
    Settings settings = settings(check);
    HealthCheck read = HealthCheck.read(settings.root().section("health-check"));
    assertThat(settings.problems().lines()).isEmpty();
    return read;
  }

  private Settings settings(String check) throws IOException {
    Path file = Files.writeString(folder.resolve("check.yaml"), "health-check: " + check + "\n");
    return Settings.load(file, Map.of(), Map.of());
  }

  private static HealthCheck check(String path) {
    return check(path, HealthCheck.Statuses.SUCCESS);
  }

  private static HealthCheck check(String path, HealthCheck.Statuses expected) {
    return new HealthCheck(path, Duration.ofMillis(50), Duration.ofMillis(500), 2, 2, expected);
  }

  private RunningProxy proxy(@Nullable HealthCheck check) {
    return new RunningProxy(BalancingTest.open(group(targets(), http1(), check)));
  }

  private List<Target> targets() {
    return List.of(new Target(bad.address(), 1), new Target(good.address(), 1));
  }

  private static Link http1() {
    return Link.http1(Duration.ofSeconds(2));
  }

  private static UpstreamGroup group(List<Target> targets, Link link, @Nullable HealthCheck check) {
    Ejection soon = new Ejection(2, Duration.ofSeconds(30), Duration.ofMinutes(1));
    return new UpstreamGroup("group", targets, Balance.ROUND_ROBIN, link, null, soon, check);
  }

  private static TargetHealth known(RunningProxy proxy, Target target) {
    UpstreamGroup group = proxy.routes.current().routes().get(0).upstream();
    return proxy.routes.health().of(group, target.url());
  }

  private void awaitHealth(RunningProxy proxy, boolean ofBad, boolean ofGood) {
    await()
        .atMost(PATIENCE)
        .until(
            () ->
                known(proxy, targets().get(0)).healthy() == ofBad
                    && known(proxy, targets().get(1)).healthy() == ofGood);
  }

  private static void swap(RunningProxy proxy, Route route) {
    RunningProxy.await(
        proxy.routes.swap(new ProxyConfig(List.of(route), List.of(), ProxyConfig.Pool.DEFAULT)));
  }

  private static UpstreamServer.Script sick(String status) {
    return (wire, request) -> {
      if (request.target().equals(PATH)) {
        wire.write("HTTP/1.1 " + status + "\r\nContent-Length: 0\r\n\r\n");
      } else {
        UpstreamServer.ok(wire, request);
      }
    };
  }

  private static long requests(UpstreamServer server) {
    return server.received().stream().filter(request -> request.target().equals("/")).count();
  }

  private static int probes(UpstreamServer server, String path) {
    return (int)
        server.received().stream().filter(request -> request.target().equals(path)).count();
  }

  private static int status(Wire client) throws IOException {
    return status(client, "GET");
  }

  private static int status(Wire client, String method) throws IOException {
    client.send(method + " / HTTP/1.1", "Host: h");
    Message answer = client.head();
    client.readText(answer);
    return answer.status();
  }
}
