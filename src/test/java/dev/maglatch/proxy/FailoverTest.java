// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.maglatch.proxy.UpstreamGroup.Balance;
import dev.maglatch.proxy.UpstreamGroup.Ejection;
import dev.maglatch.proxy.UpstreamGroup.Link;
import dev.maglatch.proxy.UpstreamGroup.Target;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** One of two servers fails, and clients see as little of it as can be. */
class FailoverTest {
  private static final Duration LONG = Duration.ofMinutes(1);
  private static final Ejection NEVER = new Ejection(1_000, LONG, LONG);

  private final UpstreamServer bad = new UpstreamServer();
  private final UpstreamServer good = new UpstreamServer();

  @AfterEach
  void close() {
    bad.close();
    good.close();
  }

  /** Nothing was sent there, so that even a POST may go elsewhere. */
  @Test
  void requestThatFindsNoConnectionGoesToTheOtherServer() throws IOException {
    bad.close();
    try (RunningProxy proxy = proxy(NEVER);
        Wire client = proxy.connect()) {
      for (int i = 0; i < 6; i++) {
        client.send("POST / HTTP/1.1", "Host: h", "Content-Length: 2");
        client.write("hi");
        assertThat(client.readText(client.head())).isEqualTo("read 2");
      }
    }
    assertThat(good.received()).hasSize(6);
  }

  @Test
  void requestWithoutAnswerGoesToTheOtherServerIfItMay() throws IOException {
    bad.does((wire, request) -> wire.close());
    try (RunningProxy proxy = proxy(NEVER);
        Wire client = proxy.connect()) {
      for (int i = 0; i < 6; i++) {
        assertThat(status(client, "GET")).isEqualTo(200);
      }
    }
    assertThat(bad.received()).isNotEmpty();
    assertThat(good.received()).hasSize(6);
  }

  @Test
  void postIsSentOnce() throws IOException {
    int refused = 0;
    bad.does((wire, request) -> wire.close());
    try (RunningProxy proxy = proxy(NEVER);
        Wire client = proxy.connect()) {
      for (int i = 0; i < 6; i++) {
        refused += status(client, "POST") == 502 ? 1 : 0;
      }
    }
    assertThat(bad.received()).hasSize(refused);
    assertThat(bad.received().size() + good.received().size()).isEqualTo(6);
  }

  /**
   * One request in ten may be sent again, and ten beyond: here 10 of 20, and one for ten of them.
   */
  @Test
  void repeatsHaveABudget() throws IOException {
    bad.does((wire, request) -> wire.close());
    good.does((wire, request) -> wire.close());
    try (RunningProxy proxy = proxy(NEVER);
        Wire client = proxy.connect()) {
      for (int i = 0; i < 30; i++) {
        assertThat(status(client, "GET")).isEqualTo(502);
      }
    }
    assertThat(bad.received().size() + good.received().size()).isBetween(40, 30 + 10 + 3);
  }

  @Test
  void serverThatFailsIsLeftOutAndComesBack() throws IOException {
    bad.does((wire, request) -> wire.close());
    try (RunningProxy proxy = proxy(new Ejection(2, Duration.ofMillis(500), LONG));
        Wire client = proxy.connect()) {
      while (bad.received().size() < 2) {
        assertThat(status(client, "GET")).isEqualTo(200);
      }
      int ejected = bad.received().size();
      bad.does(UpstreamServer::ok);
      await()
          .until(
              () -> {
                assertThat(status(client, "GET")).isEqualTo(200);
                return bad.received().size() > ejected + 1;
              });
    }
  }

  @Test
  void serverIsNotAskedWhileItIsOut() throws IOException {
    bad.does((wire, request) -> wire.close());
    try (RunningProxy proxy = proxy(new Ejection(2, LONG, LONG));
        Wire client = proxy.connect()) {
      for (int i = 0; i < 20; i++) {
        assertThat(status(client, "GET")).isEqualTo(200);
      }
    }
    assertThat(bad.received()).hasSize(2);
  }

  /** Without any server there would be no answer for sure. */
  @Test
  void lastServerIsNeverLeftOut() throws IOException {
    bad.does((wire, request) -> wire.close());
    good.does((wire, request) -> wire.close());
    try (RunningProxy proxy = proxy(new Ejection(1, LONG, LONG));
        Wire client = proxy.connect()) {
      for (int i = 0; i < 5; i++) {
        assertThat(status(client, "POST")).isEqualTo(502);
      }
      bad.does(UpstreamServer::ok);
      good.does(UpstreamServer::ok);
      assertThat(status(client, "POST")).isEqualTo(200);
    }
  }

  private RunningProxy proxy(Ejection ejection) {
    UpstreamGroup group =
        new UpstreamGroup(
            "group",
            List.of(new Target(bad.address(), 1), new Target(good.address(), 1)),
            Balance.ROUND_ROBIN,
            Link.http1(Duration.ofSeconds(2)),
            null,
            ejection,
            null);
    return new RunningProxy(BalancingTest.open(group));
  }

  private static int status(Wire client, String method) throws IOException {
    client.send(method + " / HTTP/1.1", "Host: h");
    Message answer = client.head();
    client.readText(answer);
    return answer.status();
  }
}
