// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Routes change while requests are under way. */
class LiveRoutesTest {
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private final UpstreamServer before = new UpstreamServer(answering("before"));
  private final UpstreamServer after = new UpstreamServer(answering("after"));
  private final RunningProxy proxy = new RunningProxy(RunningProxy.open(before));

  @AfterEach
  void stop() {
    proxy.close();
    before.close();
    after.close();
  }

  @Test
  void nextRequestGoesByTheNewRoutesAlsoOnAConnectionThatIsOpen() throws IOException {
    try (Wire client = proxy.connect()) {
      assertThat(get(client, "/")).isEqualTo("before");
      swap(RunningProxy.open(after));
      assertThat(get(client, "/")).isEqualTo("after");

      swap(Routes.with(RunningProxy.open(after), below("/a")));
      assertThat(get(client, "/a/b")).isEqualTo("after");
      assertThat(get(client, "/b")).contains("not_found");
    }
  }

  /** What is under way has the old upstream, its connections, and its answer. */
  @Test
  void requestThatIsUnderWayIsFinishedByTheOldRoutes() throws Exception {
    CountDownLatch asked = new CountDownLatch(1);
    CountDownLatch swapped = new CountDownLatch(1);
    before.does(
        (wire, request) -> {
          asked.countDown();
          awaitOpen(swapped);
          answering("before").answer(wire, request);
        });
    try (Wire client = proxy.connect()) {
      client.write("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
      awaitOpen(asked);
      swap(RunningProxy.open(after));
      swapped.countDown();
      assertThat(client.readText(client.head())).isEqualTo("before");
      assertThat(get(client, "/")).isEqualTo("after");
    }
    await().atMost(PATIENCE).until(() -> before.open() == 0);
  }

  @Test
  void upstreamThatStaysKeepsItsConnections() throws IOException {
    try (Wire client = proxy.connect()) {
      assertThat(get(client, "/")).isEqualTo("before");
      swap(Routes.with(RunningProxy.open(before), 10_000));
      assertThat(get(client, "/")).isEqualTo("before");
      assertThat(before.accepted()).isEqualTo(1);
    }
  }

  /** Route by route, connection by connection: no request is lost, and none goes astray. */
  @Test
  void noRequestFailsWhileRoutesChangeAllTheTime() throws Exception {
    AtomicBoolean done = new AtomicBoolean();
    AtomicInteger answered = new AtomicInteger();
    List<Thread> clients =
        IntStream.range(0, 4)
            .mapToObj(i -> new Thread(() -> askUntil(done, answered), "client " + i))
            .toList();
    clients.forEach(Thread::start);
    for (int i = 0; i < 200; i++) {
      int goal = answered.get() + 2;
      swap(RunningProxy.open(i % 2 == 0 ? after : before));
      await()
          .atMost(PATIENCE)
          .pollInterval(Duration.ofMillis(1))
          .until(() -> answered.get() >= goal);
    }
    done.set(true);
    for (Thread client : clients) {
      client.join(PATIENCE.toMillis());
      assertThat(client.isAlive()).isFalse();
    }
    assertThat(answered.get()).isGreaterThan(400);
    assertThat(proxy.log).allSatisfy(entry -> assertThat(entry.status()).isEqualTo(200));
  }

  private void askUntil(AtomicBoolean done, AtomicInteger answered) {
    try (Wire client = proxy.connect()) {
      while (!done.get()) {
        client.write("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
        String text = client.readText(client.head());
        if (!text.equals("before") && !text.equals("after")) {
          return; // whoever waits for more answers sees it
        }
        answered.incrementAndGet();
      }
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  private void swap(Route route) {
    RunningProxy.await(
        proxy.routes.swap(new ProxyConfig(List.of(route), List.of(), ProxyConfig.Pool.DEFAULT)));
  }

  private static RouteMatch below(String path) {
    return new RouteMatch(null, PathPattern.prefix(path), Set.of());
  }

  private static String get(Wire client, String target) throws IOException {
    client.write("GET " + target + " HTTP/1.1\r\nHost: h\r\n\r\n");
    return client.readText(client.head());
  }

  private static UpstreamServer.Script answering(String text) {
    return (wire, request) ->
        wire.write("HTTP/1.1 200 OK\r\nContent-Length: " + text.length() + "\r\n\r\n" + text);
  }

  private static void awaitOpen(CountDownLatch latch) {
    try {
      assertThat(latch.await(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
    }
  }
}
