// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.OutputStream;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Whatever breaks, the client is told the truth, the upstream connection is given up, and the next
 * request is answered.
 */
class FailuresTest {
  private static final byte[] BLOCK = new byte[65_536];

  private final UpstreamServer upstream = new UpstreamServer();
  private final RunningProxy proxy =
      new RunningProxy(
          RunningProxy.with(
              RunningProxy.with(RunningProxy.open(upstream), 100_000_000),
              Duration.ofMillis(500),
              Duration.ofMillis(700)));

  /** The next request is answered on at most one connection: none of the broken ones is left. */
  @AfterEach
  void nothingIsLeftBehind() throws IOException {
    try (proxy;
        upstream) {
      await().untilAsserted(() -> assertThat(upstream.open()).isLessThanOrEqualTo(1));
      upstream.does(UpstreamServer::ok);
      try (Wire client = proxy.connect()) {
        client.send("GET /next HTTP/1.1", "Host: h");
        assertThat(client.readText(client.head())).isEqualTo("read 0");
      }
      await().untilAsserted(() -> assertThat(upstream.open()).isEqualTo(1));
    }
  }

  private Ending ending() {
    await().until(() -> !proxy.log.isEmpty());
    return proxy.log.get(0).ending();
  }

  private static void assertRefused(Wire client, int status, String code) throws IOException {
    Message answer = client.head();
    assertThat(answer.status()).isEqualTo(status);
    assertThat(client.readText(answer)).contains(code);
  }

  @Test
  void upstreamThatClosesWithoutAnswerIs502() throws IOException {
    upstream.does((wire, request) -> wire.close());
    try (Wire client = proxy.connect()) {
      client.send("GET / HTTP/1.1", "Host: h");
      assertRefused(client, 502, "bad_gateway");
    }
    assertThat(ending()).isEqualTo(Ending.UPSTREAM_FAILED);
  }

  /** RFC 9110, section 15.2: what a client does not expect it may ignore. */
  @Test
  void informationalAnswerIsNoAnswerYet() throws IOException {
    upstream.does(
        (wire, request) ->
            wire.write(
                "HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
    try (Wire client = proxy.connect()) {
      client.send("GET / HTTP/1.1", "Host: h");
      assertThat(client.head().status()).isEqualTo(200);
    }
  }

  @Test
  void upstreamThatAnswersNonsenseIs502() throws IOException {
    for (String nonsense :
        List.of(
            "hello\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
            "HTTP/1.1 099 Odd\r\nContent-Length: 0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
            coded("chunked", "gzip"),
            coded("gzip", "chunked"),
            coded("chunked", "chunked"),
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n")) {
      upstream.does((wire, request) -> wire.write(nonsense));
      try (Wire client = proxy.connect()) {
        client.send("GET / HTTP/1.1", "Host: h");
        assertRefused(client, 502, "bad_gateway");
      }
    }
  }

  /** What counts are the field lines, without their ends. */
  @ParameterizedTest
  @CsvSource({"-1, 200", "0, 200", "1, 502", "40000, 502"})
  void headOfAnAnswerMayBeAsLongAsItsBound(int more, int status) throws IOException {
    String length = "Content-Length: 0";
    String filler = "x: " + "f".repeat(65_536 + more - length.length() - "x: ".length());
    upstream.does(
        (wire, request) ->
            wire.write("HTTP/1.1 200 OK\r\n" + length + "\r\n" + filler + "\r\n\r\n"));
    try (Wire client = proxy.connect()) {
      client.send("GET / HTTP/1.1", "Host: h");
      Message answer = client.head();
      assertThat(answer.status()).isEqualTo(status);
      assertThat(answer.has("x")).isEqualTo(status == 200);
    }
  }

  private static String coded(String first, String second) {
    String line = "Transfer-Encoding: %s\r\n";
    return "HTTP/1.1 200 OK\r\n" + line.formatted(first) + line.formatted(second) + "\r\n0\r\n\r\n";
  }

  /** Hints are passed on without waiting for who reads them, so there must be an end to them. */
  @Test
  void informationalAnswersWithoutEndAre502() throws IOException {
    upstream.does(
        (wire, request) -> {
          while (true) {
            wire.write("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
          }
        });
    try (Wire client = proxy.connect()) {
      client.send("GET / HTTP/1.1", "Host: h");
      Message answer = client.head();
      while (answer.status() == 103) {
        answer = client.head();
      }
      assertThat(answer.status()).isEqualTo(502);
    }
  }

  @ParameterizedTest
  @CsvSource({"99, 200", "100, 200", "101, 502"})
  void informationalAnswersMayBeSoMany(int answers, int status) throws IOException {
    upstream.does(
        (wire, request) -> {
          wire.write("HTTP/1.1 102 Processing\r\n\r\n".repeat(answers));
          UpstreamServer.ok(wire, request);
        });
    try (Wire client = proxy.connect()) {
      client.send("GET / HTTP/1.1", "Host: h");
      assertThat(client.head().status()).isEqualTo(status);
    }
  }

  /** Line and fields without their ends of line, the fields all together. */
  @ParameterizedTest
  @CsvSource({"8191, 65535, 200", "8192, 65536, 200", "8193, 65536, 502", "8192, 65537, 502"})
  void headOfTheAnswerMayBeAsLongAsItsBounds(int line, int fields, int status) throws IOException {
    String first = "HTTP/1.1 200 ";
    String length = "Content-Length: 0";
    String filler = "a: " + "b".repeat(fields - length.length() - "a: ".length());
    upstream.does(
        (wire, request) -> wire.send(first + "c".repeat(line - first.length()), length, filler));
    try (Wire client = proxy.connect()) {
      client.send("GET / HTTP/1.1", "Host: h");
      assertThat(client.head().status()).isEqualTo(status);
    }
  }

  /** Nothing that an upstream puts there may keep the client waiting for the end. */
  @Test
  void answerEndsWhateverBytesItsTrailersHold() throws IOException {
    AtomicInteger odd = new AtomicInteger();
    upstream.does(
        (wire, request) -> {
          char unusual = (char) odd.getAndIncrement();
          wire.send("HTTP/1.1 200 OK", "Transfer-Encoding: chunked");
          wire.write("1\r\nx\r\n0\r\nX" + unusual + "-T: a" + unusual + "b\r\n\r\n");
        });
    while (odd.get() < 256) {
      try (Wire client = proxy.connect()) {
        client.send("GET / HTTP/1.1", "Host: h", "TE: trailers", "Connection: TE");
        assertThat(readToAnyEnd(client) instanceof SocketTimeoutException).isFalse();
      }
    }
  }

  /** Returns why it was cut off; null if it was not. */
  private static @Nullable IOException readToAnyEnd(Wire client) {
    try {
      client.readText(client.head());
      return null;
    } catch (IOException cutOff) {
      return cutOff;
    }
  }

  @Test
  void upstreamThatDoesNotAnswerInTimeIs504() throws IOException {
    upstream.does((wire, request) -> wire.isAtEnd());
    try (Wire client = proxy.connect()) {
      client.send("GET / HTTP/1.1", "Host: h");
      assertRefused(client, 504, "gateway_timeout");
    }
  }

  /** The time for the head counts from the end of the request, however long that took to send. */
  @Test
  void slowUploadIsNotASlowAnswer() throws IOException {
    try (Wire client = proxy.connect()) {
      client.send("POST / HTTP/1.1", "Host: h", "Content-Length: 4");
      for (int i = 0; i < 4; i++) {
        client.write("x");
        assertThat(pause(300)).isTrue();
      }
      assertThat(client.readText(client.head())).isEqualTo("read 4");
    }
  }

  @Test
  void answerThatIsCutOffDoesNotLookComplete() throws IOException {
    for (String head : List.of("Content-Length: 100", "Transfer-Encoding: chunked")) {
      upstream.does(
          (wire, request) -> {
            wire.send("HTTP/1.1 200 OK", head);
            wire.writeChunk("the beginning");
            wire.close();
          });
      try (Wire client = proxy.connect()) {
        client.send("GET / HTTP/1.1", "Host: h");
        Message answer = client.head();
        assertThat(answer.status()).isEqualTo(200);
        assertThatThrownBy(() -> client.readText(answer)).isInstanceOf(IOException.class);
      }
    }
  }

  /** An old client takes the close for the end, so it must get a reset. */
  @Test
  void answerToOldClientThatIsCutOffIsReset() throws IOException {
    upstream.does(
        (wire, request) -> {
          wire.send("HTTP/1.1 200 OK", "Transfer-Encoding: chunked");
          wire.writeChunk("the beginning");
          wire.in().read(); // waits until the test has seen it
          wire.close();
        });
    try (Wire client = proxy.connect()) {
      client.send("POST / HTTP/1.0", "Host: h", "Content-Length: 1");
      Message answer = client.head();
      assertThat(answer.status()).isEqualTo(200);
      assertThat(client.in().read()).isEqualTo('t');
      client.write("x");
      assertThatThrownBy(() -> client.in().readAllBytes()).isInstanceOf(SocketException.class);
    }
  }

  @Test
  void answerThatStallsIsCutOff() throws IOException {
    upstream.does(
        (wire, request) -> {
          wire.send("HTTP/1.1 200 OK", "Content-Length: 100");
          wire.write("the beginning");
          wire.isAtEnd();
        });
    try (Wire client = proxy.connect()) {
      client.send("GET / HTTP/1.1", "Host: h");
      Message answer = client.head();
      assertThatThrownBy(() -> client.readText(answer)).isInstanceOf(IOException.class);
    }
    assertThat(ending()).isEqualTo(Ending.UPSTREAM_FAILED);
  }

  @Test
  void clientThatLeavesTakesTheUpstreamWithIt() throws IOException {
    upstream.does((wire, request) -> wire.isAtEnd());
    Wire client = proxy.connect();
    client.send("GET / HTTP/1.1", "Host: h");
    await().until(() -> upstream.open() == 1 && upstream.received().size() == 1);
    client.reset();
    await().until(() -> upstream.open() == 0);
    assertThat(ending()).isEqualTo(Ending.CLIENT_GONE);
  }

  @Test
  void clientThatLeavesInTheMiddleOfItsBodyTakesTheUpstreamWithIt() throws IOException {
    upstream.does(UpstreamServer::ok);
    Wire client = proxy.connect();
    client.send("POST / HTTP/1.1", "Host: h", "Content-Length: 100");
    client.write("the beginning");
    await().until(() -> upstream.received().size() == 1);
    client.close();
    await().until(() -> upstream.open() == 0);
    assertThat(ending()).isEqualTo(Ending.CLIENT_GONE);
  }

  @Test
  void clientThatLeavesInTheMiddleOfTheAnswerTakesTheUpstreamWithIt() throws IOException {
    upstream.does(FailuresTest::pourOut);
    Wire client = proxy.connect();
    client.send("GET / HTTP/1.1", "Host: h");
    assertThat(client.head().status()).isEqualTo(200);
    client.reset();
    await().until(() -> upstream.open() == 0);
  }

  @Test
  void clientThatStopsReadingIsCutOff() throws IOException {
    upstream.does(FailuresTest::pourOut);
    try (Wire client = proxy.connect()) {
      client.send("GET / HTTP/1.1", "Host: h");
      assertThat(client.head().status()).isEqualTo(200);
      assertThat(ending()).isEqualTo(Ending.CLIENT_BROKEN);
      await().until(() -> upstream.open() == 0);
    }
  }

  @Test
  void clientThatStopsSendingItsBodyIsRefused() throws IOException {
    try (Wire client = proxy.connect()) {
      client.send("POST / HTTP/1.1", "Host: h", "Content-Length: 100");
      client.write("the beginning");
      assertRefused(client, 408, "request_timeout");
      assertThat(client.isAtEnd()).isTrue();
    }
  }

  @Test
  void upstreamThatStopsReadingTheBodyIs504() throws IOException {
    upstream.does((wire, request) -> pause(3_000));
    try (Wire client = proxy.connect()) {
      client.send("POST / HTTP/1.1", "Host: h", "Content-Length: 90000000");
      Thread sender = sending(client.out());
      assertRefused(client, 504, "gateway_timeout");
      sender.interrupt();
    }
  }

  @Test
  void malformedChunkIs400AndTheUpstreamIsNotTold() throws IOException {
    for (String bad : List.of("xyz\r\nhello\r\n", "-1\r\n\r\n", "5 5\r\nhello\r\n", "5\nhello")) {
      try (Wire client = proxy.connect()) {
        client.send("POST / HTTP/1.1", "Host: h", "Transfer-Encoding: chunked");
        client.writeChunk("good");
        await().until(() -> upstream.open() == 1);
        client.write(bad);
        assertRefused(client, 400, "bad_request");
        assertThat(client.isAtEnd()).isTrue();
      }
      await().until(() -> upstream.open() == 0);
    }
  }

  @Test
  void bodyLongerThanAllowedIs413() throws IOException {
    try (Wire client = proxy.connect()) {
      client.send("POST / HTTP/1.1", "Host: h", "Content-Length: 100000001");
      assertRefused(client, 413, "payload_too_large");
      assertThat(upstream.accepted()).isZero();
    }
  }

  @Test
  void chunkedBodyThatGrowsTooLongIs413() throws IOException {
    upstream.does(
        (wire, request) -> {
          while (wire.in().read(BLOCK.clone()) >= 0) {
            // more
          }
        });
    try (Wire client = proxy.connect()) {
      client.send("POST / HTTP/1.1", "Host: h", "Transfer-Encoding: chunked");
      Thread sender = new Thread(() -> sendChunksUntilItFails(client.out()));
      sender.start();
      assertRefused(client, 413, "payload_too_large");
      sender.interrupt();
    }
  }

  @Test
  void earlyAnswerPassesAndTheRestOfTheBodyIsDropped() throws IOException {
    upstream.does(
        (wire, request) -> {
          wire.write("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno");
          while (wire.in().read(BLOCK.clone()) >= 0) {
            // more
          }
        });
    try (Wire client = proxy.connect()) {
      client.send("POST / HTTP/1.1", "Host: h", "Content-Length: 1000000");
      Message answer = client.head();
      assertThat(answer.status()).isEqualTo(403);
      assertThat(client.readText(answer)).isEqualTo("no");
      client.write("x");
      assertThat(client.isAtEnd()).isTrue();
    }
  }

  @Test
  void staleConnectionCostsAnIdempotentRequestNothing() throws IOException {
    AtomicInteger requests = new AtomicInteger();
    upstream.does(
        (wire, request) -> {
          if (requests.incrementAndGet() == 2) {
            wire.close();
          } else {
            UpstreamServer.ok(wire, request);
          }
        });
    try (Wire client = proxy.connect()) {
      for (int i = 0; i < 2; i++) {
        client.send("GET / HTTP/1.1", "Host: h");
        assertThat(client.readText(client.head())).isEqualTo("read 0");
      }
    }
    assertThat(requests.get()).isEqualTo(3);
  }

  @Test
  void postIsNeverSentTwice() throws IOException {
    AtomicInteger requests = new AtomicInteger();
    upstream.does(
        (wire, request) -> {
          wire.readBody(request);
          if (requests.incrementAndGet() == 2) {
            wire.close();
          } else {
            wire.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
          }
        });
    try (Wire client = proxy.connect()) {
      client.send("POST / HTTP/1.1", "Host: h", "Content-Length: 0");
      assertThat(client.head().status()).isEqualTo(200);
      client.send("POST / HTTP/1.1", "Host: h", "Content-Length: 0");
      assertRefused(client, 502, "bad_gateway");
    }
    assertThat(requests.get()).isEqualTo(2);
  }

  private static void pourOut(Wire wire, Message request) throws IOException {
    wire.send("HTTP/1.1 200 OK", "Content-Length: 1000000000");
    while (true) {
      wire.out().write(BLOCK);
    }
  }

  private static Thread sending(OutputStream out) {
    Thread sender =
        new Thread(
            () -> {
              try {
                while (!Thread.currentThread().isInterrupted()) {
                  out.write(BLOCK);
                }
              } catch (IOException refused) {
                // as expected
              }
            });
    sender.setDaemon(true);
    sender.start();
    return sender;
  }

  private static void sendChunksUntilItFails(OutputStream out) {
    try {
      while (!Thread.currentThread().isInterrupted()) {
        out.write(UpstreamServer.bytes("10000\r\n"));
        out.write(BLOCK);
        out.write(UpstreamServer.bytes("\r\n"));
      }
    } catch (IOException refused) {
      // as expected
    }
  }

  /** Lets time pass, where passing time is what is tested. */
  private static boolean pause(long millis) {
    try {
      Thread.sleep(millis);
      return true;
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
      return false;
    }
  }
}
