// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Good and bad clients and answers at the same time, on few upstream connections. */
class MixedTrafficTest {
  private static final int CLIENTS = 24;
  private static final long NANOS = TimeUnit.SECONDS.toNanos(3);

  private final UpstreamServer upstream = new UpstreamServer(MixedTrafficTest::serve);
  private final RunningProxy proxy =
      new RunningProxy(
          new ProxyConfig(
              List.of(
                  RunningProxy.with(
                      RunningProxy.open(upstream), Duration.ofSeconds(5), Duration.ofSeconds(5))),
              List.of(),
              new ProxyConfig.Pool(8, 512)));
  private final ExecutorService threads = Executors.newFixedThreadPool(CLIENTS);
  private final AtomicInteger answered = new AtomicInteger();

  @AfterEach
  void stop() {
    threads.shutdownNow();
    proxy.close();
    upstream.close();
  }

  private static void serve(Wire wire, Message request) throws IOException {
    String target = request.target();
    if (target.startsWith("/early")) {
      wire.write("HTTP/1.1 413 No\r\nContent-Length: " + target.length() + "\r\n\r\n" + target);
    } else if (target.startsWith("/break")) {
      wire.readBody(request);
      wire.write("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n" + target);
      wire.close();
    } else if (target.startsWith("/refuse")) {
      wire.close();
    } else {
      String text =
          target + new String(wire.readBody(request), java.nio.charset.StandardCharsets.ISO_8859_1);
      wire.send("HTTP/1.1 200 OK", "Transfer-Encoding: chunked");
      wire.writeChunk(text);
      wire.write("0\r\n\r\n");
    }
  }

  /** No answer reaches another client, nobody hangs, and no upstream connection is lost. */
  @Test
  void everyoneGetsTheirOwnAnswer() throws Exception {
    long end = System.nanoTime() + NANOS;
    List<Future<?>> clients = new ArrayList<>();
    for (int i = 0; i < CLIENTS; i++) {
      int number = i;
      clients.add(threads.submit(() -> run(new Random(number), number, end)));
    }
    for (Future<?> client : clients) {
      client.get(20, TimeUnit.SECONDS);
    }
    assertThat(answered.get()).isGreaterThan(CLIENTS);
    await().untilAsserted(() -> assertThat(upstream.open()).isLessThanOrEqualTo(8));
    await().until(() -> proxy.log.size() >= answered.get());
    try (Wire client = proxy.connect()) {
      ask(client, "/last", 0);
    }
  }

  private void run(Random random, int number, long end) {
    for (int i = 0; System.nanoTime() < end; i++) {
      String name = "/" + number + "/" + i;
      try (Wire client = proxy.connect()) {
        ask(client, "/good" + name, random.nextInt(20_000));
        misbehave(client, random, name);
      } catch (IOException failure) {
        throw new java.io.UncheckedIOException("client " + name, failure);
      }
    }
  }

  private void ask(Wire client, String target, int length) throws IOException {
    String body = "x".repeat(length);
    client.send("POST " + target + " HTTP/1.1", "Host: h", "Content-Length: " + length);
    client.write(body);
    Message answer = client.head();
    assertThat(answer.status()).isEqualTo(200);
    assertThat(client.readText(answer)).isEqualTo(target + body);
    answered.incrementAndGet();
  }

  private void misbehave(Wire client, Random random, String name) throws IOException {
    switch (random.nextInt(6)) {
      case 0 -> {
        client.send("POST /good" + name + " HTTP/1.1", "Host: h", "Content-Length: 100000");
        client.write("never the whole");
        client.reset();
      }
      case 1 -> {
        client.send("POST /early" + name + " HTTP/1.1", "Host: h", "Content-Length: 100000");
        Message answer = client.head();
        assertThat(answer.status()).isEqualTo(413);
        assertThat(client.readText(answer)).isEqualTo("/early" + name);
      }
      case 2 -> {
        client.send("POST /break" + name + " HTTP/1.1", "Host: h", "Content-Length: 0");
        client.head();
        assertThat(client.in().readAllBytes()).asString().isEqualTo("/break" + name);
      }
      case 3 -> {
        client.send("POST /refuse" + name + " HTTP/1.1", "Host: h", "Content-Length: 0");
        Message answer = client.head();
        assertThat(answer.status()).isEqualTo(502);
        client.readText(answer);
        ask(client, "/again" + name, 10);
      }
      case 4 -> {
        client.send("POST /good" + name + " HTTP/1.1", "Host: h", "Transfer-Encoding: chunked");
        client.writeChunk("good");
        client.write("bad\n");
        assertThat(client.isAtEnd()).isFalse(); // a 400, or the rest of one
      }
      default -> {
        client.send("GET /good" + name + " HTTP/1.1", "Host: h");
        client.reset();
      }
    }
  }
}
