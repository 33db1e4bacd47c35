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
import static dev.maglatch.proxy.FrameConnection.WINDOW_UPDATE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.maglatch.proxy.FrameConnection.Frame;
import dev.maglatch.proxy.FrameUpstream.Script;
import io.netty.handler.codec.http2.Http2Error;
import io.vertx.core.buffer.Buffer;
import java.io.IOException;
import java.net.SocketTimeoutException;
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

  /** On a connection that is kept, what is missing would be taken from the next answer. */
  @ParameterizedTest
  @CsvSource({
    "GET,  200, 10, ,           false",
    "GET,  200, 10, '',         false",
    "GET,  200, 10, 123456789,  false",
    "GET,  200, 10, 1234567890, true",
    "GET,  200, 10, 1234567890a, false",
    "GET,  200,  0, ,           true",
    "GET,  304, 10, ,           true",
    "HEAD, 200, 10, ,           true"
  })
  void bodyIsAsLongAsAnnouncedOrVisiblyBroken(
      String method, int status, String length, @Nullable String data, boolean whole)
      throws IOException {
    Buffer head =
        FrameConnection.fields(":status", Integer.toString(status), "content-length", length);
    FrameUpstream odd =
        serve(
            (connection, number) -> {
              connection.settings();
              while (true) {
                int stream = connection.until(HEADERS).stream();
                boolean plain = "/".equals(connection.sofar(stream).heads().get(0).get(":path"));
                connection.sendHead(
                    plain || data == null ? END_STREAM : NONE, stream, plain ? OK : head);
                if (!plain && data != null) {
                  connection.data(stream, true, data);
                }
              }
            });
    try (Wire client = proxy(odd.route(PATIENCE)).connect()) {
      client.send(method + " /odd HTTP/1.1", "Host: h");
      Message answer = client.head();
      if (whole) {
        assertThat(answer.status()).isEqualTo(status);
        assertThat(answer.field("content-length")).isEqualTo(length);
        assertThat(data == null || client.readText(answer).equals(data)).isTrue();
        client.send("GET / HTTP/1.1", "Host: h");
        assertThat(client.head().status()).isEqualTo(200);
      } else if (answer.status() != 502) {
        assertThatThrownBy(() -> client.readText(answer))
            .isInstanceOf(IOException.class)
            .isNotInstanceOf(SocketTimeoutException.class);
      }
    }
  }

  @Test
  void bodyWithoutAHeadIs502() throws IOException {
    FrameUpstream headless =
        serve(
            (connection, number) -> {
              connection.settings();
              connection.data(connection.until(HEADERS).stream(), true, "body").readToEnd();
            });
    try (FrameConnection client =
        new FrameConnection(proxy(H2C, headless.route(PATIENCE)).port())) {
      assertThat(client.get(1, "/").answer(1).status()).isEqualTo(502);
    }
  }

  /** RFC 9113, 8.1: the server wants no more of the request, and its answer counts. */
  @Test
  void answerIsNotLostWhenTheServerStopsTheRequestAfterIt() throws IOException {
    CountDownLatch stopped = new CountDownLatch(1);
    AtomicInteger sent = new AtomicInteger();
    FrameUpstream stopping =
        serve(
            (connection, number) -> {
              connection.settings();
              int stream = connection.until(HEADERS).stream();
              connection.sendHead(NONE, stream, OK);
              sent.set(fillWindow(connection, stream)); // the slow client has stopped the answer
              connection.data(stream, true, "").reset(stream, NO_ERROR);
              grantedSince(connection, stream);
              stopped.countDown();
              connection.readToEnd();
            });
    try (FrameConnection client =
        new FrameConnection(
            proxy(H2C, stopping.route(PATIENCE)).port(), INITIAL_WINDOW_SIZE, 1_000)) {
      client.slow().post(1, "/").data(1, false, "begun").until(DATA);
      await(stopped);
      client.window(1, 1 << 30).window(0, 1 << 30);
      FrameConnection.Answer answer = client.answer(1);
      assertThat(answer.ended()).isTrue();
      assertThat(answer.body()).hasSize(sent.get());
    }
  }

  /** Sends a body until no more may be sent, and returns its length. */
  private static int fillWindow(FrameConnection connection, int stream) throws IOException {
    String part = "p".repeat(16_000);
    int sent = 0;
    for (long window = 65_535; window >= part.length(); ) {
      connection.data(stream, false, part);
      sent += part.length();
      window += grantedSince(connection, stream) - part.length();
    }
    return sent;
  }

  /** Returns by how much the window of a stream has grown, once all that was sent was read. */
  private static long grantedSince(FrameConnection connection, int stream) throws IOException {
    long granted = 0;
    for (int pings = 0; pings < 2; pings++) {
      connection.send(PING, NONE, 0, Buffer.buffer(new byte[8]));
      Frame frame = connection.next();
      while (frame != null && frame.type() != PING) {
        if (frame.type() == WINDOW_UPDATE && frame.stream() == stream) {
          granted += frame.code(0);
        }
        frame = connection.next();
      }
    }
    return granted;
  }

  private static void await(CountDownLatch latch) throws IOException {
    try {
      assertThat(latch.await(20, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException stop) {
      throw new IOException(stop);
    }
  }
}
