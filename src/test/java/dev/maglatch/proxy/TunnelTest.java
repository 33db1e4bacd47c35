// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.WebSocket;
import io.vertx.core.http.WebSocketClient;
import io.vertx.core.http.WebSocketClientOptions;
import io.vertx.core.net.PemKeyCertOptions;
import io.vertx.core.net.PemTrustOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** WebSocket passes after the verdict and after the origin's 101, and not before. */
class TunnelTest {
  private static final String[] UPGRADE = {
    "GET /ws HTTP/1.1",
    "Host: h",
    "Connection: keep-alive, Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
  };

  private final UpstreamServer upstream = new UpstreamServer(TunnelTest::echo);
  private RunningProxy proxy = new RunningProxy(RunningProxy.open(upstream));

  @AfterEach
  void stop() {
    proxy.close();
    upstream.close();
  }

  private static void echo(Wire wire, Message request) throws IOException {
    wire.send(
        "HTTP/1.1 101 Switching Protocols",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    wire.write("hello"); // in one packet with the head, or nearly so
    wire.in().transferTo(wire.out());
  }

  @Test
  void bytesPassBothWaysAfterTheUpgrade() throws IOException {
    try (Wire client = proxy.connect()) {
      client.send(UPGRADE);
      Message answer = client.head();
      assertThat(answer.status()).isEqualTo(101);
      assertThat(answer.field("upgrade")).isEqualTo("websocket");
      assertThat(answer.field("connection")).isEqualToIgnoringCase("upgrade");
      assertThat(answer.field("sec-websocket-accept")).isEqualTo("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
      assertThat(client.in().readNBytes(5)).asString().isEqualTo("hello");
      for (int i = 0; i < 3; i++) {
        client.write("ping");
        assertThat(client.in().readNBytes(4)).asString().isEqualTo("ping");
      }
    }
    Message seen = upstream.onlyRequest();
    assertThat(seen.field("upgrade")).isEqualTo("websocket");
    assertThat(seen.field("sec-websocket-key")).isEqualTo("dGhlIHNhbXBsZSBub25jZQ==");
    await().until(() -> upstream.open() == 0);
    await().until(() -> !proxy.log.isEmpty());
    AccessLog.Entry entry = proxy.log.get(0);
    assertThat(entry.status()).isEqualTo(101);
    assertThat(entry.ending()).isEqualTo(Ending.TUNNEL_CLOSED);
    assertThat(entry.requestBytes()).isEqualTo(12);
    assertThat(entry.responseBytes()).isEqualTo(17);
  }

  /** TLS towards the client and towards the origin; HTTP/2 is offered, and not taken. */
  @Test
  void messagesPassThroughTlsOnBothSides(@TempDir Path folder) throws IOException {
    Vertx vertx = Vertx.vertx();
    Protocols.TlsFiles files = Certificates.write(folder);
    try {
      PemTrustOptions trust = new PemTrustOptions().addCertPath(files.certificate().toString());
      HttpServer origin =
          vertx
              .createHttpServer(
                  new HttpServerOptions()
                      .setSsl(true)
                      .setKeyCertOptions(
                          new PemKeyCertOptions()
                              .addCertPath(files.certificate().toString())
                              .addKeyPath(files.key().toString())))
              .webSocketHandler(socket -> socket.textMessageHandler(socket::writeTextMessage));
      int port = RunningProxy.await(origin.listen(0, "127.0.0.1")).actualPort();
      String authority = Files.readString(files.certificate());
      UpstreamGroup group =
          new UpstreamGroup(
              "origin",
              List.of(new UpstreamGroup.Target(new Upstream(true, "localhost", port, ""), 1)),
              UpstreamGroup.Balance.LEAST_REQUESTS,
              new UpstreamGroup.Link(
                  UpstreamGroup.Protocol.HTTP1,
                  Duration.ofSeconds(5),
                  new UpstreamTls(authority, null, null, null)),
              null);
      try (RunningProxy secure =
          RunningProxy.listening(
              Listeners.speaking(ListenerConfig.DEFAULT, new Protocols(files, true, false)),
              BalancingTest.open(group))) {
        WebSocketClient client =
            vertx.createWebSocketClient(
                new WebSocketClientOptions().setSsl(true).setTrustOptions(trust));
        WebSocket socket = RunningProxy.await(client.connect(secure.port(), "localhost", "/ws"));
        BlockingQueue<String> heard = new LinkedBlockingQueue<>();
        socket.textMessageHandler(heard::add);
        for (int i = 0; i < 3; i++) {
          RunningProxy.await(socket.writeTextMessage("message " + i));
          assertThat(poll(heard)).isEqualTo("message " + i);
        }
        RunningProxy.await(socket.close());
        await().until(() -> !secure.log.isEmpty());
        assertThat(secure.log.get(0).ending()).isEqualTo(Ending.TUNNEL_CLOSED);
      }
    } finally {
      RunningProxy.await(vertx.close());
    }
  }

  private static @Nullable String poll(BlockingQueue<String> queue) {
    try {
      return queue.poll(20, TimeUnit.SECONDS);
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
      return null;
    }
  }

  @Test
  void upgradeWithoutCredentialNeverReachesTheOrigin() throws IOException {
    proxy.close();
    proxy = new RunningProxy(Route.catchAll(upstream.address()));
    try (Wire client = proxy.connect()) {
      client.send(UPGRADE);
      assertThat(client.head().status()).isEqualTo(401);
    }
    assertThat(upstream.accepted()).isZero();
  }

  @Test
  void originThatAnswers200IsRelayedAndTheConnectionGoesOn() throws IOException {
    upstream.does(UpstreamServer::ok);
    try (Wire client = proxy.connect()) {
      for (int i = 0; i < 3; i++) {
        client.send(UPGRADE);
        Message answer = client.head();
        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.has("upgrade")).isFalse();
        assertThat(client.readText(answer)).isEqualTo("read 0");
      }
    }
    await().until(() -> upstream.open() == 0);
  }

  @Test
  void upgradeToAnythingElseIsAnOrdinaryRequest() throws IOException {
    upstream.does(UpstreamServer::ok);
    try (Wire client = proxy.connect()) {
      client.send(
          "GET / HTTP/1.1",
          "Host: h",
          "Connection: Upgrade, HTTP2-Settings",
          "Upgrade: h2c",
          "HTTP2-Settings: AAMAAABk");
      assertThat(client.head().status()).isEqualTo(200);
    }
    assertThat(upstream.onlyRequest().has("upgrade")).isFalse();
  }

  /** Its body comes before whatever follows the upgrade, and must not get lost. */
  @Test
  void upgradeWithABodyIsAnOrdinaryRequest() throws IOException {
    upstream.does(UpstreamServer::ok);
    try (Wire client = proxy.connect()) {
      client.send(
          Stream.concat(Stream.of(UPGRADE), Stream.of("Content-Length: 5")).toArray(String[]::new));
      client.write("hello");
      assertThat(client.readText(client.head())).isEqualTo("read 5");
    }
    assertThat(upstream.onlyRequest().has("upgrade")).isFalse();
  }

  @Test
  void closeOfTheOriginReachesTheClientAfterItsLastBytes() throws IOException {
    upstream.does(
        (wire, request) -> {
          wire.send(
              "HTTP/1.1 101 Switching Protocols", "Connection: Upgrade", "Upgrade: websocket");
          wire.out().write(new byte[1_000_000]);
          wire.close();
        });
    try (Wire client = proxy.connect()) {
      client.send(UPGRADE);
      assertThat(client.head().status()).isEqualTo(101);
      assertThat(client.in().readAllBytes()).hasSize(1_000_000);
    }
  }

  /** A sink that does not read must stop the source, not fill the gateway's memory. */
  @Test
  void tunnelWaitsForASlowReader() throws Exception {
    int total = 50_000_000;
    try (Wire client = proxy.connect()) {
      client.send(UPGRADE);
      assertThat(client.head().status()).isEqualTo(101);
      assertThat(client.in().readNBytes(5)).hasSize(5);
      Thread sender =
          new Thread(
              () -> {
                try {
                  byte[] block = new byte[100_000];
                  for (int sent = 0; sent < total; sent += block.length) {
                    client.out().write(block);
                  }
                } catch (IOException failure) {
                  throw new java.io.UncheckedIOException(failure);
                }
              });
      sender.start();
      sender.join(300); // it is stuck by now: nobody reads what comes back
      assertThat(sender.isAlive()).isTrue();
      assertThat(client.in().readNBytes(total)).hasSize(total);
      sender.join();
    }
  }

  @Test
  void tunnelsDoNotUseUpThePool() throws IOException {
    proxy.close();
    Route open = RunningProxy.with(Route.catchAll(upstream.address()), Auth.NONE, Set.of());
    proxy =
        new RunningProxy(
            new ProxyConfig(
                java.util.List.of(open), java.util.List.of(), new ProxyConfig.Pool(1, 1)));
    try (Wire one = proxy.connect();
        Wire two = proxy.connect();
        Wire other = proxy.connect()) {
      one.send(UPGRADE);
      assertThat(one.head().status()).isEqualTo(101);
      two.send(UPGRADE);
      assertThat(two.head().status()).isEqualTo(101);
      upstream.does(UpstreamServer::ok);
      other.send("GET / HTTP/1.1", "Host: h");
      assertThat(other.head().status()).isEqualTo(200);
    }
  }

  @Test
  void stopCutsTunnels() throws IOException {
    try (Wire client = proxy.connect()) {
      client.send(UPGRADE);
      assertThat(client.head().status()).isEqualTo(101);
      long begin = System.nanoTime();
      RunningProxy.await(proxy.stop());
      assertThat(System.nanoTime() - begin).isLessThan(Duration.ofSeconds(5).toNanos());
      assertThat(client.in().readAllBytes()).hasSizeLessThanOrEqualTo(5);
    }
  }
}
