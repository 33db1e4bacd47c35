// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A connection that serves one request after the other never mixes up their answers. */
class KeptConnectionsTest {
  private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfirst";
  private static final String EXTRA = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged";

  private final UpstreamServer upstream = new UpstreamServer();
  private final RunningProxy proxy =
      new RunningProxy(
          new ProxyConfig(
              List.of(RunningProxy.open(upstream)), List.of(), new ProxyConfig.Pool(1, 10)));

  @AfterEach
  void close() {
    proxy.close();
    upstream.close();
  }

  /** Who waits for the connection must not get what was sent before its request was. */
  @Test
  void whatFollowsAnAnswerIsNotTheAnswerToTheNextRequest() throws Exception {
    for (String extra : List.of(EXTRA, EXTRA.substring(0, 17), "HTTP")) {
      AtomicInteger requests = new AtomicInteger();
      CountDownLatch bothSent = new CountDownLatch(1);
      upstream.does(
          (wire, request) -> {
            if (requests.incrementAndGet() > 1) {
              UpstreamServer.ok(wire, request);
            } else if (reached(bothSent)) {
              wire.write(OK + extra);
            }
          });
      int before = upstream.received().size();
      try (Wire first = proxy.connect();
          Wire second = proxy.connect()) {
        first.send("GET /first HTTP/1.1", "Host: h");
        await().until(() -> upstream.received().size() == before + 1);
        second.send("POST /second HTTP/1.1", "Host: h", "Content-Length: 2");
        second.write("hi");
        // answered by the gateway itself, so that the one before has been seen
        try (Wire third = proxy.connect()) {
          third.send("TRACE / HTTP/1.1", "Host: h");
          assertThat(third.head().status()).isEqualTo(405);
        }
        bothSent.countDown();
        assertThat(first.readText(first.head())).isEqualTo("first");
        assertThat(second.readText(second.head())).isEqualTo("read 2");
      }
    }
  }

  /** Also not if it comes bit by bit, while nobody asks for anything. */
  @Test
  void whatComesUnaskedCostsTheConnection() throws IOException {
    for (String unasked : List.of(EXTRA, EXTRA.substring(0, 17), "HTTP")) {
      upstream.does(
          (wire, request) -> {
            UpstreamServer.ok(wire, request);
            if (upstream.received().size() % 2 == 1) {
              wire.write(unasked);
            }
          });
      try (Wire client = proxy.connect()) {
        client.send("GET /first HTTP/1.1", "Host: h");
        assertThat(client.readText(client.head())).isEqualTo("read 0");
        await().until(() -> upstream.open() == 0);
        client.send("POST /next HTTP/1.1", "Host: h", "Content-Length: 2");
        client.write("hi");
        assertThat(client.readText(client.head())).isEqualTo("read 2");
      }
    }
  }

  /** An upstream that has begun to answer has acted on the request. */
  @Test
  void requestThatWasPartlyAnsweredIsNotSentAgain() throws IOException {
    for (String part :
        List.of(
            "HTTP/1.1 200 OK\r\nContent-Le",
            "HTTP/1.1 102 Processing\r\n\r\n",
            "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n",
            "hello\r\n\r\n",
            "H")) {
      AtomicInteger requests = new AtomicInteger();
      upstream.does(
          (wire, request) -> {
            if (requests.incrementAndGet() == 2) {
              wire.write(part);
              wire.close();
            } else {
              UpstreamServer.ok(wire, request);
            }
          });
      try (Wire client = proxy.connect()) {
        client.send("DELETE / HTTP/1.1", "Host: h");
        assertThat(client.readText(client.head())).isEqualTo("read 0");
        client.send("DELETE / HTTP/1.1", "Host: h");
        Message answer = client.head();
        if (answer.status() == 103) {
          answer = client.head();
        }
        assertThat(answer.status()).as(part).isEqualTo(502);
      }
      assertThat(requests.get()).as(part).isEqualTo(2);
    }
  }

  /** What is said to follow a status without body would be taken for the next answer. */
  @Test
  void bodyThatCannotBeCostsTheConnection() throws IOException {
    for (String head :
        List.of(
            "204 No Content\r\nContent-Length: 9\r\n\r\n",
            "204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n",
            "304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n",
            "200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")) {
      assertThat(connectionsOfTwoRequests(head)).as(head).isEqualTo(2);
    }
  }

  @Test
  void answerWithoutBodyKeepsTheConnection() throws IOException {
    for (String head :
        List.of(
            "204 No Content\r\n\r\n",
            "204 No Content\r\nContent-Length: 0\r\n\r\n",
            "304 Not Modified\r\nContent-Length: 9\r\n\r\n")) {
      assertThat(connectionsOfTwoRequests(head)).as(head).isEqualTo(1);
    }
  }

  private int connectionsOfTwoRequests(String firstAnswer) throws IOException {
    try (UpstreamServer own =
            new UpstreamServer(
                (wire, request) -> {
                  if (request.target().equals("/first")) {
                    wire.write("HTTP/1.1 " + firstAnswer);
                  } else {
                    UpstreamServer.ok(wire, request);
                  }
                });
        RunningProxy fresh = new RunningProxy(RunningProxy.open(own));
        Wire client = fresh.connect()) {
      client.send("GET /first HTTP/1.1", "Host: h");
      Message first = client.head();
      if (first.status() == 200) {
        client.readText(first);
      }
      client.send("GET /second HTTP/1.1", "Host: h");
      assertThat(client.readText(client.head())).isEqualTo("read 0");
      return own.accepted();
    }
  }

  private static boolean reached(CountDownLatch latch) {
    try {
      return latch.await(10, TimeUnit.SECONDS);
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
      return false;
    }
  }
}
