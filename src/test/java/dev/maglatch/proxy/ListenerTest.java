// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.vertx.core.Future;
import java.io.IOException;
import java.net.ConnectException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How long connections live, how many there may be, and how they end on stop. */
class ListenerTest {
  private static final Duration LONG = Duration.ofSeconds(20);

  private final UpstreamServer upstream = new UpstreamServer();
  private final CountDownLatch release = new CountDownLatch(1);
  private RunningProxy proxy = new RunningProxy(RunningProxy.open(upstream));

  @AfterEach
  void stop() {
    release.countDown();
    proxy.close();
    upstream.close();
  }

  private void restart(ProxyConfig.Pool pool, ListenerConfig listener) {
    proxy.close();
    ProxyConfig config = new ProxyConfig(List.of(RunningProxy.open(upstream)), List.of(), pool);
    proxy = new RunningProxy(config, listener, parts -> parts);
  }

  private static ListenerConfig listener(
      Duration headerDeadline, Duration idle, int maxConnections, Duration drain) {
    return new ListenerConfig(
        "",
        0,
        100,
        8_192,
        16_384,
        headerDeadline,
        idle,
        maxConnections,
        Duration.ZERO,
        drain,
        Protocols.DEFAULT,
        Guards.DEFAULT);
  }

  private static ListenerConfig leaving(Duration drainDelay) {
    return Listeners.leaving(listener(LONG, LONG, 100, LONG), drainDelay);
  }

  private void answerWhenReleased(Wire wire, Message request) throws IOException {
    try {
      assertThat(release.await(20, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException stop) {
      throw new IOException(stop);
    }
    UpstreamServer.ok(wire, request);
  }

  /** A byte now and then must not keep a connection for ever. */
  @Test
  void headThatDripsIsCutAtItsDeadline() throws Exception {
    restart(ProxyConfig.Pool.DEFAULT, listener(Duration.ofMillis(400), LONG, 100, LONG));
    try (Wire first = proxy.connect();
        Wire second = proxy.connect()) {
      second.send("GET / HTTP/1.1", "Host: h");
      assertThat(second.readText(second.head())).isEqualTo("read 0");
      assertThatThrownBy(() -> drip(first)).isInstanceOf(IOException.class);
      second.socket().setSoTimeout(100);
      assertThat(second.isAtEnd()).isFalse(); // it is idle, which is no crime yet
      second.socket().setSoTimeout(Wire.TIMEOUT_MILLIS);
      assertThatThrownBy(() -> drip(second)).isInstanceOf(IOException.class);
    }
  }

  private static void drip(Wire client) throws Exception {
    client.write("GET / HTTP/1.1\r\nHost: h\r\nX: ");
    for (int i = 0; i < 100; i++) {
      client.write("x");
      Thread.sleep(50);
    }
  }

  @Test
  void idleConnectionIsClosedButNotOneThatWaitsForItsAnswer() throws IOException {
    restart(ProxyConfig.Pool.DEFAULT, listener(LONG, Duration.ofMillis(300), 100, LONG));
    upstream.does(this::answerWhenReleased);
    try (Wire client = proxy.connect()) {
      client.send("GET / HTTP/1.1", "Host: h");
      client.socket().setSoTimeout(700);
      assertThat(client.isAtEnd()).isFalse();
      release.countDown();
      client.socket().setSoTimeout(Wire.TIMEOUT_MILLIS);
      assertThat(client.readText(client.head())).isEqualTo("read 0");
      assertThat(client.isAtEnd()).isTrue();
    }
  }

  @Test
  void connectionBeyondTheBoundIsClosedAtOnce() throws IOException {
    restart(ProxyConfig.Pool.DEFAULT, listener(LONG, LONG, 2, LONG));
    try (Wire one = proxy.connect();
        Wire two = proxy.connect()) {
      for (Wire client : List.of(one, two)) {
        client.send("GET / HTTP/1.1", "Host: h");
        assertThat(client.readText(client.head())).isEqualTo("read 0");
      }
      try (Wire three = proxy.connect()) {
        assertThat(three.isAtEnd()).isTrue();
      }
    }
    await()
        .untilAsserted(
            () -> {
              try (Wire again = proxy.connect()) {
                again.send("GET / HTTP/1.1", "Host: h");
                assertThat(again.head().status()).isEqualTo(200);
              }
            });
  }

  /** Who only connects takes a place like anybody else: before TLS and HTTP/2 have begun, too. */
  @Test
  void connectionCountsFromTheMomentItIsAccepted(@TempDir Path folder) throws IOException {
    for (Protocols protocols :
        List.of(
            Protocols.DEFAULT,
            new Protocols(Certificates.write(folder), true, false),
            new Protocols(null, true, true))) {
      restart(
          ProxyConfig.Pool.DEFAULT, Listeners.speaking(listener(LONG, LONG, 2, LONG), protocols));
      try (Wire one = proxy.connect();
          Wire two = proxy.connect();
          Wire three = proxy.connect()) {
        assertThat(three.isAtEnd()).as("third of %s", protocols).isTrue();
        for (Wire admitted : List.of(one, two)) {
          admitted.socket().setSoTimeout(50);
          assertThat(admitted.isAtEnd()).as("admitted of %s", protocols).isFalse();
        }
      }
    }
  }

  @Test
  void requestsBeyondPoolAndWaitingRoomAre503() throws IOException {
    restart(new ProxyConfig.Pool(1, 1), listener(LONG, LONG, 100, LONG));
    upstream.does(this::answerWhenReleased);
    try (Wire served = proxy.connect();
        Wire waiting = proxy.connect();
        Wire refused = proxy.connect()) {
      served.send("GET / HTTP/1.1", "Host: h");
      await().until(() -> upstream.received().size() == 1);
      waiting.send("GET / HTTP/1.1", "Host: h");
      waiting.socket().setSoTimeout(200);
      assertThat(waiting.isAtEnd()).isFalse();
      refused.send("GET / HTTP/1.1", "Host: h");
      Message answer = refused.head();
      assertThat(answer.status()).isEqualTo(503);
      assertThat(answer.has("retry-after")).isTrue();
      release.countDown();
      waiting.socket().setSoTimeout(Wire.TIMEOUT_MILLIS);
      assertThat(served.head().status()).isEqualTo(200);
      assertThat(waiting.head().status()).isEqualTo(200);
      assertThat(upstream.accepted()).isEqualTo(1);
    }
  }

  /** For as long as a connection may take to be made, and {@code max-wait} beyond. */
  @Test
  void requestThatWaitsTooLongForAConnectionIs503() throws IOException {
    Duration wait = Duration.ofMillis(100);
    restart(new ProxyConfig.Pool(1, 1, wait, 100), listener(LONG, LONG, 100, LONG));
    upstream.does(this::answerWhenReleased);
    try (Wire served = proxy.connect();
        Wire waiting = proxy.connect()) {
      served.send("GET / HTTP/1.1", "Host: h");
      await().until(() -> upstream.received().size() == 1);
      long begun = System.nanoTime();
      waiting.send("GET / HTTP/1.1", "Host: h");
      Message answer = waiting.head();
      assertThat(answer.status()).isEqualTo(503);
      assertThat(answer.has("retry-after")).isTrue();
      assertThat(Duration.ofNanos(System.nanoTime() - begun))
          .isGreaterThanOrEqualTo(Route.Timeouts.DEFAULT.connect().plus(wait));
      release.countDown();
      assertThat(served.head().status()).isEqualTo(200);
    }
    assertThat(upstream.received()).hasSize(1);
  }

  @Test
  void stopLetsRequestsInFlightFinishAndTakesNoMore() throws IOException {
    upstream.does(this::answerWhenReleased);
    try (Wire busy = proxy.connect();
        Wire idle = proxy.connect()) {
      idle.send("HEAD /early HTTP/1.1", "Host: h");
      busy.send("GET / HTTP/1.1", "Host: h");
      await().until(() -> upstream.received().size() == 2);
      Future<Void> stopped = proxy.stop();
      await()
          .untilAsserted(
              () -> assertThatThrownBy(proxy::connect).isInstanceOf(ConnectException.class));
      assertThat(stopped.isComplete()).isFalse();
      release.countDown();
      Message answer = busy.head();
      assertThat(answer.status()).isEqualTo(200);
      assertThat(answer.field("connection")).isEqualTo("close");
      assertThat(busy.readText(answer)).isEqualTo("read 0");
      assertThat(busy.isAtEnd()).isTrue();
      assertThat(idle.head().field("connection")).isEqualTo("close");
      RunningProxy.await(stopped);
    }
  }

  /** Whoever sends requests here must first find out that it should not. */
  @Test
  void stopAcceptsForAWhileAndEveryAnswerIsTheLastOfItsConnection() throws IOException {
    restart(ProxyConfig.Pool.DEFAULT, leaving(Duration.ofSeconds(2)));
    try (Wire kept = proxy.connect();
        Wire unused = proxy.connect()) {
      kept.send("GET / HTTP/1.1", "Host: h");
      Message first = kept.head();
      assertThat(first.has("connection")).isFalse();
      assertThat(kept.readText(first)).isEqualTo("read 0");
      Future<Void> stopped = proxy.stop();
      awaitFarewell();
      kept.send("GET / HTTP/1.1", "Host: h");
      assertLast(kept);
      try (Wire late = proxy.connect()) {
        late.send("GET / HTTP/1.1", "Host: h");
        assertLast(late);
      }
      unused.send("GET /%2e%2e HTTP/1.1", "Host: h"); // an answer of the gateway's own
      assertThat(unused.head().field("connection")).isEqualTo("close");
      RunningProxy.await(stopped);
    }
  }

  private void awaitFarewell() {
    await()
        .until(
            () -> {
              try (Wire client = proxy.connect()) {
                client.send("GET /other HTTP/1.1", "Host: h");
                return client.head().has("connection");
              }
            });
  }

  private static void assertLast(Wire client) throws IOException {
    Message answer = client.head();
    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.field("connection")).isEqualTo("close");
    assertThat(client.readText(answer)).isEqualTo("read 0");
    assertThat(client.isAtEnd()).isTrue();
  }

  /** What follows the last request would get no answer, so it must have no effect either. */
  @Test
  void requestBehindTheLastOneIsNotForwarded() throws IOException {
    restart(ProxyConfig.Pool.DEFAULT, leaving(Duration.ofSeconds(2)));
    upstream.does(
        (wire, request) -> {
          if (request.target().equals("/one")) {
            answerWhenReleased(wire, request);
          } else {
            UpstreamServer.ok(wire, request);
          }
        });
    try (Wire client = proxy.connect()) {
      client.send("GET /one HTTP/1.1", "Host: h");
      await().until(() -> upstream.received().size() == 1);
      Future<Void> stopped = proxy.stop();
      awaitFarewell();
      client.send("GET /two HTTP/1.1", "Host: h");
      release.countDown();
      assertLast(client);
      RunningProxy.await(stopped);
      assertThat(upstream.received()).extracting(Message::target).doesNotContain("/two");
    }
  }

  /** Connections that only the kernel has accepted are reset when their listener is closed. */
  @Test
  void stopAnswersWhoHadConnectedBefore() throws IOException {
    List<Wire> clients = new ArrayList<>();
    try {
      for (int i = 0; i < 50; i++) {
        clients.add(proxy.connect());
      }
      Future<Void> stopped = proxy.stop();
      for (Wire client : clients) {
        client.send("GET / HTTP/1.1", "Host: h");
      }
      for (Wire client : clients) { // none has to be the last: it may have come before the stop
        Message answer = client.head();
        assertThat(answer.status()).isEqualTo(200);
        assertThat(client.readText(answer)).isEqualTo("read 0");
      }
      RunningProxy.await(stopped);
    } finally {
      for (Wire client : clients) {
        client.close();
      }
    }
  }

  @Test
  void stopCutsWhatDoesNotFinishInTime() throws IOException {
    restart(ProxyConfig.Pool.DEFAULT, listener(LONG, LONG, 100, Duration.ofMillis(300)));
    upstream.does(this::answerWhenReleased);
    try (Wire busy = proxy.connect()) {
      busy.send("GET / HTTP/1.1", "Host: h");
      await().until(() -> upstream.received().size() == 1);
      RunningProxy.await(proxy.stop());
      assertThat(busy.isAtEnd()).isTrue();
    }
    await() // the connection's end is noted on its event loop, which may be a moment later
        .untilAsserted(
            () ->
                assertThat(proxy.log)
                    .extracting(AccessLog.Entry::ending)
                    .containsExactly(Ending.CLIENT_GONE));
  }
}
