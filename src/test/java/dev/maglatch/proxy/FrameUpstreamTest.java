// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import static dev.maglatch.proxy.FrameConnection.ACK;
import static dev.maglatch.proxy.FrameConnection.DATA;
import static dev.maglatch.proxy.FrameConnection.END_STREAM;
import static dev.maglatch.proxy.FrameConnection.GOAWAY;
import static dev.maglatch.proxy.FrameConnection.HEADERS;
import static dev.maglatch.proxy.FrameConnection.NONE;
import static dev.maglatch.proxy.FrameConnection.PING;
import static dev.maglatch.proxy.FrameConnection.SETTINGS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.maglatch.proxy.FrameConnection.Frame;
import dev.maglatch.proxy.FrameUpstream.Script;
import io.netty.handler.codec.http2.Http2Error;
import io.vertx.core.buffer.Buffer;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Upstreams that speak HTTP/2, where it matters which frame comes when. */
class FrameUpstreamTest {
  private static final int MAX_CONCURRENT_STREAMS = 3; // a setting
  private static final int INITIAL_WINDOW_SIZE = 4; // another one
  private static final int NO_ERROR = 0;
  private static final int REFUSED_STREAM = (int) Http2Error.REFUSED_STREAM.code();
  private static final Duration PATIENCE = Duration.ofSeconds(5);
  private static final ListenerConfig H2C =
      Listeners.speaking(ListenerConfig.DEFAULT, new Protocols(null, true, true));
  private static final Buffer OK = FrameConnection.fields(":status", "200");

  private @Nullable FrameUpstream upstream;
  private @Nullable RunningProxy proxy;

  @AfterEach
  void close() {
    if (proxy != null) {
      proxy.close();
    }
    if (upstream != null) {
      upstream.close();
    }
  }

  private FrameUpstream serve(Script script) {
    FrameUpstream served = new FrameUpstream(script);
    upstream = served;
    return served;
  }

  private RunningProxy proxy(Route route) {
    return proxy(ListenerConfig.DEFAULT, route);
  }

  private RunningProxy proxy(ListenerConfig listener, Route route) {
    RunningProxy running = RunningProxy.listening(listener, route);
    proxy = running;
    return running;
  }

  /** What comes before the server's settings are known is too much, and a body is not kept. */
  @Test
  void burstOnANewConnectionWaitsForTheServersSettings() throws IOException {
    CountDownLatch told = new CountDownLatch(1);
    FrameUpstream strict =
        serve(
            (connection, number) -> {
              await(told);
              answerOneAtATime(connection.settings(MAX_CONCURRENT_STREAMS, 1));
            });
    RunningProxy running = proxy(H2C, strict.route(PATIENCE));
    try (FrameConnection client = new FrameConnection(running.port())) {
      for (int stream = 1; stream <= 9; stream += 2) {
        client.post(stream, "/").data(stream, true, "body");
      }
      client.send(PING, NONE, 0, Buffer.buffer(new byte[8]));
      client.until(PING); // all have arrived
      told.countDown();
      for (int stream = 1; stream <= 9; stream += 2) {
        assertThat(client.answer(stream).status()).as("stream %d", stream).isEqualTo(200);
      }
    }
  }

  /** Refuses a stream that comes before our settings were acknowledged, or beside another one. */
  private static void answerOneAtATime(FrameConnection connection) throws IOException {
    boolean acknowledged = false;
    int open = 0;
    for (Frame frame = connection.next(); frame != null; frame = connection.next()) {
      acknowledged |= frame.type() == SETTINGS && frame.has(ACK);
      if (frame.type() == HEADERS) {
        if (!acknowledged || open > 0) {
          connection.reset(frame.stream(), REFUSED_STREAM);
        } else {
          open = frame.stream();
        }
      }
      if (frame.type() <= HEADERS && frame.has(END_STREAM) && frame.stream() == open) {
        open = 0;
        connection.sendHead(END_STREAM, frame.stream(), OK);
      }
    }
  }

  @Test
  void serverThatNeverTellsItsSettingsIs504AndItsConnectionIsClosed() throws Exception {
    CountDownLatch closed = new CountDownLatch(1);
    FrameUpstream silent =
        serve(
            (connection, number) -> {
              connection.onlyListen();
              closed.countDown();
            });
    try (Wire client = proxy(silent.route(Duration.ofMillis(300))).connect()) {
      client.send("POST / HTTP/1.1", "Host: h", "Content-Length: 0");
      assertThat(client.head().status()).isEqualTo(504);
    }
    assertThat(closed.await(10, TimeUnit.SECONDS)).isTrue();
  }

  /** Nobody has to find out for himself. */
  @Test
  void allWhoWaitedForAConnectionHearThatThereIsNone() throws IOException {
    FrameUpstream silent = serve((connection, number) -> connection.onlyListen());
    RunningProxy running = proxy(H2C, silent.route(Duration.ofSeconds(1)));
    try (FrameConnection client = new FrameConnection(running.port())) {
      client.post(1, "/").post(3, "/").post(5, "/");
      for (int stream = 1; stream <= 5; stream += 2) {
        assertThat(client.answer(stream).status()).isEqualTo(504);
      }
    }
    assertThat(silent.accepted()).isEqualTo(1);
  }

  /** It says with GOAWAY which streams it has not looked at. */
  @ParameterizedTest
  @CsvSource({"false, 200, 2", "true, 502, 1"})
  void postThatTheServerLeftBehindIsSentAgainAndNoOther(boolean looked, int status, int times)
      throws IOException {
    AtomicInteger asked = new AtomicInteger();
    FrameUpstream leaving =
        serve(
            (connection, number) -> {
              connection.settings();
              int stream = connection.until(HEADERS).stream();
              if (asked.incrementAndGet() > 1) {
                connection.sendHead(END_STREAM, stream, OK).readToEnd();
              } else {
                int last = looked ? stream : 0;
                connection.send(GOAWAY, NONE, 0, Buffer.buffer().appendInt(last).appendInt(0));
                connection.socket().shutdownOutput();
                connection.readToEnd();
              }
            });
    try (Wire client = proxy(leaving.route(PATIENCE)).connect()) {
      client.send("POST / HTTP/1.1", "Host: h", "Content-Length: 0");
      assertThat(client.head().status()).isEqualTo(status);
    }
    assertThat(asked).hasValue(times);
  }

  /**
   * As RFC 9113 counts. Somewhat beyond the bound the answer is lost, and far beyond it its
   * connection.
   */
  @ParameterizedTest
  @CsvSource({"-1, 200, 1", "0, 200, 1", "1, 502, 1", "40000, 502, 2"})
  void headOfAnAnswerMayBeAsLongAsItsBound(int more, int status, int connections)
      throws IOException {
    int longest = 65_536 - ":status200".length() - 32;
    String filler = "f".repeat(longest + more - "x".length() - 32);
    Buffer filled = FrameConnection.fields(":status", "200", "x", filler);
    FrameUpstream verbose =
        serve(
            (connection, number) -> {
              connection.settings();
              for (Frame frame = connection.next(); frame != null; frame = connection.next()) {
                if (frame.type() == HEADERS) {
                  boolean plain =
                      "/".equals(connection.sofar(frame.stream()).heads().get(0).get(":path"));
                  connection.sendHead(END_STREAM, frame.stream(), plain ? OK : filled);
                }
              }
            });
    try (Wire client = proxy(verbose.route(PATIENCE)).connect()) {
      for (String path : List.of("/long", "/")) {
        client.send("POST " + path + " HTTP/1.1", "Host: h", "Content-Length: 0");
        Message answer = client.head();
        client.readText(answer);
        assertThat(answer.status()).as(path).isEqualTo(path.equals("/") ? 200 : status);
        assertThat(answer.has("x")).isEqualTo(!path.equals("/") && status == 200);
      }
    }
    assertThat(verbose.accepted()).isEqualTo(connections);
  }

  private static void await(CountDownLatch latch) throws IOException {
    try {
      assertThat(latch.await(20, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException stop) {
      throw new IOException(stop);
    }
  }
}
