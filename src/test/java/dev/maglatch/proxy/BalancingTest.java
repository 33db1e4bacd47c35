// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.maglatch.proxy.UpstreamGroup.Balance;
import dev.maglatch.proxy.UpstreamGroup.Target;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Several servers behind one route. */
class BalancingTest {
  private final UpstreamServer first = new UpstreamServer();
  private final UpstreamServer second = new UpstreamServer();
  private final CountDownLatch released = new CountDownLatch(1);

  @AfterEach
  void close() {
    released.countDown();
    first.close();
    second.close();
  }

  @Test
  void turnsGoByWeight() throws IOException {
    for (Balance balance : Balance.values()) {
      int firstBefore = first.received().size();
      int secondBefore = second.received().size();
      try (RunningProxy proxy = proxy(balance, 3, ProxyConfig.Pool.DEFAULT);
          Wire client = proxy.connect()) {
        for (int i = 0; i < 16; i++) {
          assertThat(status(client)).isEqualTo(200);
        }
      }
      assertThat(first.received().size() - firstBefore).as(balance.name()).isEqualTo(12);
      assertThat(second.received().size() - secondBefore).as(balance.name()).isEqualTo(4);
    }
  }

  @Test
  void whoHasLessToDoGetsTheNextRequest() throws IOException {
    first.does((wire, request) -> answerWhenReleased(wire));
    try (RunningProxy proxy = proxy(Balance.LEAST_REQUESTS, 1, ProxyConfig.Pool.DEFAULT);
        Wire busy = proxy.connect();
        Wire client = proxy.connect()) {
      busy.send("GET / HTTP/1.1", "Host: h");
      await().until(() -> first.received().size() == 1);
      for (int i = 0; i < 5; i++) {
        assertThat(status(client)).isEqualTo(200);
      }
      assertThat(second.received()).hasSize(5);
      released.countDown();
      assertThat(busy.readText(busy.head())).isEmpty();
      assertThat(status(client)).isEqualTo(200);
      assertThat(first.received()).hasSize(2);
    }
  }

  /** Each server has the requests that name it: in {@code Host}, and by its own base path. */
  @Test
  void everyTargetHasItsOwnNameAndPath() throws IOException {
    Upstream based = new Upstream(false, "127.0.0.1", second.port(), "/base");
    UpstreamGroup group =
        group(
            List.of(new Target(first.address(), 1), new Target(based, 1)),
            Balance.ROUND_ROBIN,
            null);
    try (RunningProxy proxy = new RunningProxy(open(group));
        Wire client = proxy.connect()) {
      assertThat(status(client)).isEqualTo(200);
      assertThat(status(client)).isEqualTo(200);
    }
    assertThat(first.onlyRequest().target()).isEqualTo("/");
    assertThat(first.onlyRequest().field("Host")).isEqualTo("127.0.0.1:" + first.port());
    assertThat(second.onlyRequest().target()).isEqualTo("/base/");
    assertThat(second.onlyRequest().field("Host")).isEqualTo("127.0.0.1:" + second.port());
  }

  /** A slow upstream holds no more requests than its bound, whatever it is given. */
  @Test
  void oneRequestMoreThanMayBeUnderWayIs503() throws IOException {
    first.does((wire, request) -> answerWhenReleased(wire));
    second.does((wire, request) -> answerWhenReleased(wire));
    ProxyConfig.Pool bounds = new ProxyConfig.Pool(64, 512, Duration.ofSeconds(3), 3);
    List<Wire> busy = new ArrayList<>();
    try (RunningProxy proxy = proxy(Balance.LEAST_REQUESTS, 1, bounds);
        Wire client = proxy.connect()) {
      for (int i = 1; i <= 3; i++) {
        busy.add(proxy.connect());
        busy.get(i - 1).send("GET / HTTP/1.1", "Host: h");
        int sent = i;
        await().until(() -> first.received().size() + second.received().size() == sent);
      }
      client.send("GET / HTTP/1.1", "Host: h");
      Message refused = client.head();
      assertThat(refused.status()).isEqualTo(503);
      assertThat(refused.field("Retry-After")).isEqualTo("1");
      client.readText(refused);
      released.countDown();
      for (Wire wire : busy) {
        assertThat(wire.head().status()).isEqualTo(200);
        wire.close();
      }
      assertThat(status(client)).isEqualTo(200);
    }
  }

  private RunningProxy proxy(Balance balance, int weightOfFirst, ProxyConfig.Pool bounds) {
    List<Target> targets =
        List.of(new Target(first.address(), weightOfFirst), new Target(second.address(), 1));
    return new RunningProxy(open(group(targets, balance, bounds)));
  }

  static UpstreamGroup group(
      List<Target> targets, Balance balance, ProxyConfig.@Nullable Pool bounds) {
    return new UpstreamGroup(
        "group", targets, balance, UpstreamGroup.Link.http1(Duration.ofSeconds(2)), bounds);
  }

  static Route open(UpstreamGroup group) {
    Route route = Route.catchAll(group, Route.Timeouts.DEFAULT, Route.UNLIMITED);
    return RunningProxy.with(route, Auth.NONE, Set.of());
  }

  private static int status(Wire client) throws IOException {
    client.send("GET / HTTP/1.1", "Host: h");
    Message answer = client.head();
    client.readText(answer);
    return answer.status();
  }

  private void answerWhenReleased(Wire wire) throws IOException {
    try {
      assertThat(released.await(10, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
    }
    wire.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  }
}
