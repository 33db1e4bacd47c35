// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.EOFException;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

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

  @Test
  void streamsBeyondTheBoundAre503AtOnceAndOneIsAdmittedForEachThatEnds() throws IOException {
    restart(new Guards(0, 2, 0, Duration.ofMinutes(1)), HTTP2);
    upstream.does(this::hold);
    try (FrameConnection client = new FrameConnection(proxy.port())) {
      client.get(1, "/").get(3, "/");
      await().until(() -> upstream.received().size() == 2);
      FrameConnection.Answer refused = client.get(5, "/v1/x").answer(5);
      assertThat(refused.status()).isEqualTo(503);
      assertThat(refused.field("retry-after")).isEqualTo("1");
      assertThat(refused.body()).contains("\"code\":503", "\"requestId\"");
      release.countDown();
      assertThat(client.answer(1).body()).isEqualTo("read 0");
      assertThat(client.get(7, "/").answer(7).status()).isEqualTo(200);
    }
    assertThat(upstream.received()).hasSize(3);
    assertThat(proxy.log).extracting(AccessLog.Entry::ending).contains(Ending.OVERLOADED);
  }

  /** However many may wait for an upstream that answers nobody. */
  @Test
  void halfOfThePlacesAreLeftToOtherUpstreams() throws IOException {
    proxy.close();
    upstream.does(this::hold);
    try (UpstreamServer other = new UpstreamServer()) {
      RouteMatch others = new RouteMatch(null, PathPattern.prefix("/other"), Set.of());
      Route away = Routes.named(Routes.with(RunningProxy.open(other), others), "other");
      Guards guards = new Guards(0, 8, 0, Duration.ofMinutes(1));
      proxy =
          new RunningProxy(
              new ProxyConfig(
                  List.of(away, RunningProxy.open(upstream)),
                  List.of(),
                  new ProxyConfig.Pool(1, 1_000)),
              Listeners.guarded(ListenerConfig.DEFAULT, guards),
              parts -> parts);
      List<Wire> clients = new ArrayList<>();
      for (int i = 0; i < 6; i++) { // one is answered, four wait
        clients.add(proxy.connect());
        clients.get(i).send("GET / HTTP/1.1", "Host: h");
      }
      await().until(() -> proxy.log.size() == 1);
      assertThat(proxy.log.get(0).ending()).isEqualTo(Ending.OVERLOADED);
      try (Wire client = proxy.connect()) {
        client.send("GET /other HTTP/1.1", "Host: h");
        assertThat(client.head().status()).isEqualTo(200);
      }
      release.countDown();
      int answered = 0;
      for (Wire client : clients) {
        answered += client.head().status() == 200 ? 1 : 0;
        client.close();
      }
      assertThat(answered).isEqualTo(5);
    }
  }

  /** Also when it cannot be shared out equally, and when there are fewer requests than loops. */
  @ParameterizedTest
  @CsvSource({"1, 3", "2, 2", "3, 2", "4, 3"})
  void boundIsExactOverAllEventLoopsAndEachOfThemAdmitsSome(int most, int loops)
      throws IOException {
    restartOnLoops(loops, new Guards(0, most, 0, Duration.ofMinutes(1)));
    upstream.does(this::hold);
    List<Wire> clients = new ArrayList<>();
    for (int i = 0; i < 4 * loops; i++) {
      clients.add(proxy.connect());
      clients.get(i).send("GET / HTTP/1.1", "Host: h");
    }
    int refused = clients.size() - most;
    await().until(() -> upstream.received().size() >= most && proxy.log.size() >= refused);
    assertThat(upstream.received()).hasSize(most);
    assertThat(proxy.log).hasSize(refused);
    release.countDown();
    int answered = 0;
    for (Wire client : clients) {
      Message answer = client.head();
      client.readText(answer);
      answered += answer.status() == 200 ? 1 : 0;
    }
    assertThat(answered).isEqualTo(most);
    for (int i = 0; i < clients.size(); i++) {
      int ended = clients.size() + i;
      await().until(() -> proxy.log.size() == ended); // and not only answered
      assertThat(get(clients.get(i))).isEqualTo(200);
      clients.get(i).close();
    }
  }

  private void restartOnLoops(int loops, Guards guards) {
    proxy.close();
    proxy =
        RunningProxy.onLoops(
            loops,
            new ProxyConfig(
                List.of(RunningProxy.open(upstream)), List.of(), ProxyConfig.Pool.DEFAULT),
            Listeners.guarded(ListenerConfig.DEFAULT, guards));
  }

  // Slow clients.

  /** All three are looked at in one moment, and the first one last. */
  @Test
  void bodyMayComeAsSlowlyAsTheBoundAndNotByOneByteLess() throws Exception {
    AtomicLong now = new AtomicLong();
    Duration window = Duration.ofSeconds(2);
    proxy.close();
    proxy =
        new RunningProxy(
            new ProxyConfig(
                List.of(RunningProxy.open(upstream)), List.of(), ProxyConfig.Pool.DEFAULT),
            Listeners.guarded(ListenerConfig.DEFAULT, new Guards(0, 1_000, 100, window)),
            parts -> RunningProxy.ticking(parts, now::get));
    AtomicInteger arrived = new AtomicInteger();
    upstream.does((wire, request) -> readEach(wire, request, arrived));
    List<Wire> clients = new ArrayList<>();
    int sent = 0;
    for (int bytes : List.of(199, 200, 201)) {
      Wire client = proxy.connect();
      clients.add(client);
      client.send("POST / HTTP/1.1", "Host: h", "Content-Length: 300");
      client.write("x".repeat(bytes));
      sent += bytes;
      int all = sent;
      await().until(() -> arrived.get() == all);
    }
    now.addAndGet(window.toNanos());
    assertThat(clients.get(0).head().status()).isEqualTo(408);
    clients.get(1).write("x".repeat(100));
    clients.get(2).write("x".repeat(99));
    assertThat(clients.get(1).head().status()).isEqualTo(200);
    assertThat(clients.get(2).head().status()).isEqualTo(200);
    for (Wire client : clients) {
      client.close();
    }
  }

  private static void readEach(Wire wire, Message request, AtomicInteger arrived)
      throws IOException {
    for (long left = request.length(); left > 0; left--) {
      if (wire.in().read() < 0) {
        throw new EOFException();
      }
      arrived.incrementAndGet();
    }
    wire.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  }

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
