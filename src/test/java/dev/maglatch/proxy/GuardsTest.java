// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What a few clients cannot take from the others. */
class GuardsTest {
  private static final int INITIAL_WINDOW = 4; // a setting of HTTP/2
  private static final Protocols HTTP1 = Protocols.DEFAULT;
  private static final Protocols HTTP2 = new Protocols(null, true, true);

  private final UpstreamServer upstream = new UpstreamServer();
  private final CountDownLatch release = new CountDownLatch(1);
  private RunningProxy proxy = new RunningProxy(RunningProxy.open(upstream));

  @AfterEach
  void stop() {
    release.countDown();
    proxy.close();
    upstream.close();
  }

  private void restart(Guards guards, Protocols protocols, String... trusted) {
    proxy.close();
    proxy =
        new RunningProxy(
            new ProxyConfig(
                List.of(RunningProxy.open(upstream)), List.of(trusted), ProxyConfig.Pool.DEFAULT),
            Listeners.speaking(Listeners.guarded(ListenerConfig.DEFAULT, guards), protocols),
            parts -> parts);
  }

  private static Guards slowest(int bytesPerSecond) {
    return new Guards(0, 1_000, bytesPerSecond, Duration.ofMillis(500));
  }

  private void hold(Wire wire, Message request) throws IOException {
    try {
      assertThat(release.await(20, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException stop) {
      throw new IOException(stop);
    }
    UpstreamServer.ok(wire, request);
  }

  private static int get(Wire client) throws IOException {
    client.send("GET / HTTP/1.1", "Host: h");
    Message head = client.head();
    client.readText(head);
    return head.status();
  }

  // Connections.

  @Test
  void oneAddressHasSoManyConnectionsAndNoMore() throws IOException {
    restart(new Guards(2, 1_000, 0, Duration.ofMinutes(1)), HTTP1);
    try (Wire one = proxy.connect();
        Wire two = proxy.connect()) {
      assertThat(get(one)).isEqualTo(200);
      assertThat(get(two)).isEqualTo(200);
      try (Wire three = proxy.connect()) {
        assertThat(three.isAtEnd()).isTrue();
      }
      one.socket().close();
      await()
          .untilAsserted(
              () -> {
                try (Wire again = proxy.connect()) {
                  assertThat(get(again)).isEqualTo(200);
                }
              });
      assertThat(get(two)).isEqualTo(200);
    }
  }

  /** Connections that never begin to speak are counted as well. */
  @Test
  void silentConnectionsOfAnAddressCount() throws IOException {
    restart(new Guards(1, 1_000, 0, Duration.ofMinutes(1)), HTTP2);
    try (Wire silent = proxy.connect();
        Wire second = proxy.connect()) {
      assertThat(second.isAtEnd()).isTrue();
      silent.socket().close();
    }
    await()
        .untilAsserted(
            () -> {
              try (FrameConnection again = new FrameConnection(proxy.port())) {
                assertThat(again.get(1, "/").answer(1).status()).isEqualTo(200);
              }
            });
  }

  /** A proxy in front speaks for many. */
  @Test
  void trustedProxiesHaveAsManyAsThereMayBeInAll() throws IOException {
    restart(new Guards(1, 1_000, 0, Duration.ofMinutes(1)), HTTP1, "127.0.0.0/8");
    try (Wire one = proxy.connect();
        Wire two = proxy.connect()) {
      assertThat(get(one)).isEqualTo(200);
      assertThat(get(two)).isEqualTo(200);
    }
  }

  @Test
  void peersAreCountedOneByOneAndForgottenWithTheirLast() {
    PeerCounts peers = new PeerCounts();
    assertThat(peers.enter("a", 2)).isTrue();
    assertThat(peers.enter("a", 2)).isTrue();
    assertThat(peers.enter("a", 2)).isFalse();
    assertThat(peers.enter("b", 2)).isTrue();
    peers.leave("a");
    assertThat(peers.enter("a", 2)).isTrue();
    peers.leave("a");
    peers.leave("a");
    peers.leave("b");
    assertThat(peers.peers()).isZero();
  }

  // Requests.

  @Test
  void requestsBeyondTheBoundAre503AtOnceAndOneIsAdmittedForEachThatEnds() throws IOException {
    restart(new Guards(0, 2, 0, Duration.ofMinutes(1)), HTTP1);
    upstream.does(this::hold);
    try (Wire one = proxy.connect();
        Wire two = proxy.connect();
        Wire three = proxy.connect()) {
      one.send("GET / HTTP/1.1", "Host: h");
      two.send("GET / HTTP/1.1", "Host: h");
      await().until(() -> upstream.received().size() == 2);
      three.send("GET /v1/x HTTP/1.1", "Host: h");
      Message refused = three.head();
      assertThat(refused.status()).isEqualTo(503);
      assertThat(refused.field("retry-after")).isEqualTo("1");
      assertThat(three.readText(refused)).contains("\"code\":503", "\"requestId\"");
      release.countDown();
      assertThat(one.readText(one.head())).isEqualTo("read 0");
      assertThat(get(three)).isEqualTo(200);
    }
    assertThat(upstream.received()).hasSize(3);
    assertThat(proxy.log).extracting(AccessLog.Entry::ending).contains(Ending.OVERLOADED);
  }

  // Slow clients.

  @Test
  void bodyThatDripsIsCutAndOthersSeeNothing() throws Exception {
    restart(slowest(1_000), HTTP1);
    try (Wire slow = proxy.connect();
        Wire other = proxy.connect()) {
      slow.send("POST / HTTP/1.1", "Host: h", "Content-Length: 100000");
      Thread dripping =
          new Thread(
              () -> {
                try {
                  while (true) {
                    slow.write("x");
                    TimeUnit.MILLISECONDS.sleep(20);
                  }
                } catch (IOException | InterruptedException cut) {
                  // as it should be
                }
              });
      dripping.start();
      assertThat(get(other)).isEqualTo(200);
      assertThat(slow.head().status()).isEqualTo(408);
      assertThat(get(other)).isEqualTo(200);
      slow.socket().close();
      dripping.join();
    }
    await().until(() -> upstream.open() == 1);
    assertThat(proxy.log).extracting(AccessLog.Entry::ending).contains(Ending.CLIENT_SLOW);
  }

  /** Fast enough is fast enough, and the time that the upstream takes is not the client's. */
  @Test
  void clientThatIsFastEnoughOrWaitsItselfIsNotCut() throws Exception {
    restart(slowest(100), HTTP1);
    upstream.does(
        (wire, request) -> {
          byte[] body = wire.readBody(request);
          hold(wire, new Message("GET / HTTP/1.1", List.of()));
          assertThat(body).hasSize(2_000);
        });
    try (Wire client = proxy.connect()) {
      client.send("POST / HTTP/1.1", "Host: h", "Content-Length: 2000");
      for (int i = 0; i < 20; i++) {
        client.write("x".repeat(100));
        TimeUnit.MILLISECONDS.sleep(60);
      }
      client.socket().setSoTimeout(1_200);
      assertThat(client.isAtEnd()).as("cut while the upstream thinks").isFalse();
      release.countDown();
      client.socket().setSoTimeout(Wire.TIMEOUT_MILLIS);
      assertThat(client.readText(client.head())).isEqualTo("read 0");
    }
  }

  @Test
  void answerThatIsTakenInDripsIsCut() throws IOException {
    restart(slowest(100_000), HTTP1);
    upstream.does(GuardsTest::huge);
    try (Wire slow = proxy.connect()) {
      slow.send("GET / HTTP/1.1", "Host: h");
      assertThat(slow.head().status()).isEqualTo(200);
      await()
          .pollInterval(Duration.ofMillis(20))
          .until(
              () -> {
                assertThat(slow.in().read()).isEqualTo('x');
                return !proxy.log.isEmpty();
              });
      await().until(() -> upstream.open() == 0);
    }
    assertThat(proxy.log).extracting(AccessLog.Entry::ending).containsExactly(Ending.CLIENT_SLOW);
  }

  @Test
  void streamThatIsTakenInDripsIsResetAndItsNeighbourIsAnswered() throws IOException {
    restart(slowest(100_000), HTTP2);
    upstream.does(GuardsTest::huge);
    try (FrameConnection client = new FrameConnection(proxy.port(), INITIAL_WINDOW, 100)) {
      client.slow().get(1, "/").until(FrameConnection.DATA);
      await()
          .pollInterval(Duration.ofMillis(20))
          .until(
              () -> {
                client.window(1, 1);
                return !proxy.log.isEmpty();
              });
      assertThat(client.answer(1).reset()).isPositive();
      upstream.does(UpstreamServer::ok);
      assertThat(client.get(3, "/").answer(3).status()).isEqualTo(200);
    }
    assertThat(proxy.log.get(0).ending()).isEqualTo(Ending.CLIENT_SLOW);
  }

  private static void huge(Wire wire, Message request) throws IOException {
    wire.write("HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n");
    byte[] part = "x".repeat(10_000).getBytes(java.nio.charset.StandardCharsets.US_ASCII);
    while (true) {
      wire.out().write(part);
    }
  }
}
