// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.maglatch.proxy.UpstreamGroup.Balance;
import dev.maglatch.proxy.UpstreamGroup.Link;
import dev.maglatch.proxy.UpstreamGroup.Protocol;
import dev.maglatch.proxy.UpstreamGroup.Target;
import dev.maglatch.testing.NameServer;
import io.netty.util.NetUtil;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.dns.AddressResolverOptions;
import io.vertx.core.http.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The name of a server comes to stand for another address. */
class MovedUpstreamTest {
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final String OLD = "127.0.0.1";
  private static final String NEW = "127.0.0.2";
  private static final int A_DAY = 86_400;

  private final Vertx vertx = Vertx.vertx();
  private final Map<String, AtomicInteger> open = new ConcurrentHashMap<>();
  private int port;
  private NameServer names;

  @BeforeEach
  void open() {
    names = new NameServer(address(OLD), A_DAY);
    port = listen(0, OLD);
    listen(port, NEW);
  }

  @AfterEach
  void close() {
    names.close();
    RunningProxy.await(vertx.close());
  }

  /** Though connections are kept busy all the time, and the old server goes on answering. */
  @Test
  void requestsFollowTheNameAndNoneFails() throws IOException {
    try (RunningProxy proxy = proxy();
        Wire client = proxy.connect()) {
      assertThat(get(client, "/http1")).isEqualTo(OLD);
      assertThat(get(client, "/http2")).isEqualTo(OLD);
      names.moveTo(address(NEW));
      await()
          .atMost(PATIENCE)
          .until(() -> get(client, "/http1").equals(NEW) && get(client, "/http2").equals(NEW));
      await().atMost(PATIENCE).until(() -> openAt(OLD) == 0);
      assertThat(openAt(NEW)).isEqualTo(2);
      assertThat(get(client, "/http1")).isEqualTo(NEW);
      assertThat(proxy.log).allSatisfy(entry -> assertThat(entry.status()).isEqualTo(200));
    }
  }

  @Test
  void connectionsStayWhileNobodyKnowsTheName() throws IOException {
    try (RunningProxy proxy = proxy();
        Wire client = proxy.connect()) {
      assertThat(get(client, "/http1")).isEqualTo(OLD);
      assertThat(get(client, "/http2")).isEqualTo(OLD);
      names.fail();
      int asked = names.asked();
      await().atMost(PATIENCE).until(() -> names.asked() > asked);
      for (int i = 0; i < 10; i++) {
        assertThat(get(client, "/http1")).isEqualTo(OLD);
        assertThat(get(client, "/http2")).isEqualTo(OLD);
      }
      assertThat(openAt(OLD)).isEqualTo(2);
    }
  }

  private int listen(int wanted, String address) {
    HttpServer server =
        vertx
            .createHttpServer()
            .connectionHandler(
                connection -> {
                  AtomicInteger here = open.computeIfAbsent(address, at -> new AtomicInteger());
                  here.incrementAndGet();
                  connection.closeHandler(closed -> here.decrementAndGet());
                })
            .requestHandler(request -> request.response().end(address));
    return RunningProxy.await(server.listen(wanted, address)).actualPort();
  }

  private static InetAddress address(String text) {
    try {
      return InetAddress.getByAddress(NetUtil.createByteArrayFromIpAddressString(text));
    } catch (UnknownHostException impossible) {
      throw new AssertionError(impossible);
    }
  }

  private int openAt(String address) {
    AtomicInteger here = open.get(address);
    return here == null ? 0 : here.get();
  }

  private RunningProxy proxy() {
    AddressResolverOptions resolver =
        new AddressResolverOptions().addServer(names.authority()).setCacheMaxTimeToLive(1);
    return new RunningProxy(
        Vertx.vertx(new VertxOptions().setAddressResolverOptions(resolver)),
        new ProxyConfig(
            List.of(route("/http1", Protocol.HTTP1), route("/http2", Protocol.H2C)),
            List.of(),
            ProxyConfig.Pool.DEFAULT),
        ListenerConfig.DEFAULT,
        UnaryOperator.identity());
  }

  private Route route(String path, Protocol protocol) {
    Target named = new Target(new Upstream(false, "orders.example.com", port, ""), 1);
    Link link = new Link(protocol, Duration.ofSeconds(2), UpstreamTls.DEFAULT);
    UpstreamGroup group =
        new UpstreamGroup(path, List.of(named), Balance.LEAST_REQUESTS, link, null);
    return Routes.with(
        BalancingTest.open(group), new RouteMatch(null, PathPattern.prefix(path), Set.of()));
  }

  private static String get(Wire client, String target) throws IOException {
    client.send("GET " + target + " HTTP/1.1", "Host: h");
    return client.readText(client.head());
  }
}
