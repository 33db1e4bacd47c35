// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import static dev.maglatch.proxy.FrameConnection.DATA;
import static dev.maglatch.proxy.FrameConnection.END_HEADERS;
import static dev.maglatch.proxy.FrameConnection.END_STREAM;
import static dev.maglatch.proxy.FrameConnection.GOAWAY;
import static dev.maglatch.proxy.FrameConnection.HEADERS;
import static dev.maglatch.proxy.FrameConnection.NO_RESET;
import static dev.maglatch.proxy.FrameConnection.PING;
import static dev.maglatch.proxy.FrameConnection.RST_STREAM;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.maglatch.key.KeyKind;
import dev.maglatch.proxy.FrameConnection.Answer;
import dev.maglatch.verify.Verdict;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** HTTP/2 clients before an upstream that speaks HTTP/1.1, frame by frame. */
class Http2Test {
  private static final long PROTOCOL_ERROR = 1;
  private static final long INTERNAL_ERROR = 2;
  private static final int INITIAL_WINDOW = 4; // a setting
  private static final ListenerConfig H2C =
      Listeners.speaking(ListenerConfig.DEFAULT, new Protocols(null, true, true));

  private final UpstreamServer upstream = new UpstreamServer();
  private RunningProxy proxy = RunningProxy.listening(H2C, RunningProxy.open(upstream));

  @AfterEach
  void stop() {
    proxy.close();
    upstream.close();
  }

  private void restart(ListenerConfig listener, Route route) {
    proxy.close();
    proxy = RunningProxy.listening(listener, route);
  }

  private FrameConnection connect(int... settings) throws IOException {
    return new FrameConnection(proxy.port(), settings);
  }

  // What passes.

  @Test
  void requestBecomesOneOfHttp11AndItsAnswerOneOfHttp2() throws IOException {
    upstream.does(
        (wire, request) ->
            wire.write(
                "HTTP/1.1 203 Fine\r\nX-Kept: yes\r\nConnection: x-dropped\r\nX-Dropped: no\r\n"
                    + "Keep-Alive: timeout=5\r\nContent-Length: 2\r\n\r\nok"));
    try (FrameConnection client = connect()) {
      Answer answer = client.get(1, "/a?b=c", "accept", "text/plain").answer(1);
      assertThat(answer.status()).isEqualTo(203);
      assertThat(answer.body()).isEqualTo("ok");
      assertThat(answer.field("x-kept")).isEqualTo("yes");
      assertThat(answer.field("content-length")).isEqualTo("2");
      assertThat(answer.heads().get(0)).doesNotContainKeys("x-dropped", "connection", "keep-alive");
    }
    Message request = upstream.onlyRequest();
    assertThat(request.startLine()).isEqualTo("GET /a?b=c HTTP/1.1");
    assertThat(request.field("host")).isEqualTo("127.0.0.1:" + upstream.port());
    assertThat(request.field("accept")).isEqualTo("text/plain");
    assertThat(request.field("x-forwarded-host")).isEqualTo("a.example:1");
    assertThat(request.field("x-forwarded-proto")).isEqualTo("http");
    assertThat(request.field("forwarded"))
        .isEqualTo("for=127.0.0.1;proto=http;host=\"a.example:1\"");
  }

  /** The scheme that a client writes is no statement about how it came. */
  @Test
  void schemeOfTheConnectionIsForwarded() throws IOException {
    try (FrameConnection client = connect()) {
      Buffer head =
          FrameConnection.fields(
              ":method", "GET", ":scheme", "https", ":path", "/", "host", "b.example");
      client.send(HEADERS, END_HEADERS | END_STREAM, 1, head);
      assertThat(client.answer(1).status()).isEqualTo(200);
    }
    assertThat(upstream.onlyRequest().field("x-forwarded-proto")).isEqualTo("http");
    assertThat(upstream.onlyRequest().field("x-forwarded-host")).isEqualTo("b.example");
  }

  @Test
  void cookiesAreJoined() throws IOException {
    try (FrameConnection client = connect()) {
      client.get(1, "/", "cookie", "a=1", "cookie", "maglatch_session=x", "cookie", "b=2");
      assertThat(client.answer(1).status()).isEqualTo(200);
    }
    assertThat(upstream.onlyRequest().field("cookie")).isEqualTo("a=1; b=2");
  }

  @Test
  void uploadsArriveWholeWithALengthOrWithout() throws IOException {
    String text = "u".repeat(200_000);
    try (FrameConnection client = connect()) {
      client.post(1, "/open");
      upload(client, 1, text);
      assertThat(client.answer(1).body()).isEqualTo("read 200000");
      client.post(3, "/known", "content-length", "200000");
      upload(client, 3, text);
      assertThat(client.answer(3).body()).isEqualTo("read 200000");
      client.send(HEADERS, END_HEADERS | END_STREAM, 5, FrameConnection.head("POST", "/none"));
      assertThat(client.answer(5).body()).isEqualTo("read 0");
      client.post(7, "/empty").data(7, true, "");
      assertThat(client.answer(7).body()).isEqualTo("read 0");
    }
    assertThat(upstream.received().get(0).chunked()).isTrue();
    assertThat(upstream.received().get(1).length()).isEqualTo(200_000);
    assertThat(upstream.received().get(2).length()).isZero();
    assertThat(upstream.received().get(3).chunked()).isTrue();
  }

  /** Sends no more than the stream's window allows; the connection's is large enough. */
  private static void upload(FrameConnection client, int stream, String text) throws IOException {
    long window = 65_535;
    for (String part : FrameConnection.parts(text)) {
      while (window < part.length()) {
        FrameConnection.Frame frame = client.until(FrameConnection.WINDOW_UPDATE);
        window += frame.stream() == stream ? frame.code(0) : 0;
      }
      window -= part.length();
      client.data(stream, false, part);
    }
    client.data(stream, true, "");
  }

  @Test
  void answersWithoutABodyEndWithTheirHead() throws IOException {
    upstream.does(
        (wire, request) -> {
          int status = Integer.parseInt(request.target().substring(1));
          String length = status == 204 ? "" : "Content-Length: 5\r\n";
          wire.write("HTTP/1.1 " + status + " X\r\nETag: \"e\"\r\n" + length + "\r\n");
        });
    try (FrameConnection client = connect()) {
      Buffer head = FrameConnection.head("HEAD", "/200");
      client.send(HEADERS, END_HEADERS | END_STREAM, 1, head);
      Answer answer = client.answer(1);
      assertThat(answer.status()).isEqualTo(200);
      assertThat(answer.field("content-length")).isEqualTo("5");
      assertThat(client.get(3, "/204").answer(3).status()).isEqualTo(204);
      assertThat(client.sofar(3).field("content-length")).isEmpty();
      assertThat(client.get(5, "/304").answer(5).status()).isEqualTo(304);
      for (int stream : List.of(1, 3, 5)) {
        assertThat(client.sofar(stream).body()).isEmpty();
        assertThat(client.sofar(stream).reset()).isEqualTo(NO_RESET);
      }
    }
  }

  @Test
  void trailersPassBothWays() throws IOException {
    List<String> trailers = new ArrayList<>();
    upstream.does(
        (wire, request) -> {
          wire.readBody(request);
          trailers.addAll(wire.trailers());
          wire.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: x-sum\r\n\r\n");
          wire.writeChunk("body");
          wire.write("0\r\nX-Sum: 7\r\nX-Maglatch-Key-Id: forged\r\n\r\n");
        });
    try (FrameConnection client = connect()) {
      client.post(1, "/", "te", "trailers").data(1, false, "up");
      Buffer fields = FrameConnection.fields("x-check", "9", "x-maglatch-account-id", "forged");
      client.send(HEADERS, END_HEADERS | END_STREAM, 1, fields);
      Answer answer = client.answer(1);
      assertThat(answer.body()).isEqualTo("body");
      assertThat(answer.trailers()).containsExactly(java.util.Map.entry("x-sum", "7"));
    }
    assertThat(trailers).containsExactly("x-check: 9");
    assertThat(upstream.onlyRequest().field("te")).isEqualTo("trailers");
  }

  @Test
  void earlyHintsAndContinueComeBeforeTheAnswer() throws IOException {
    upstream.does(
        (wire, request) -> {
          wire.write("HTTP/1.1 103 Early Hints\r\nLink: </s.css>; rel=preload\r\n\r\n");
          UpstreamServer.ok(wire, request);
        });
    try (FrameConnection client = connect()) {
      Answer answer = client.get(1, "/").answer(1);
      assertThat(answer.heads().get(0)).containsEntry(":status", "103");
      assertThat(answer.heads().get(0)).containsEntry("link", "</s.css>; rel=preload");
      assertThat(answer.status()).isEqualTo(200);
      upstream.does(UpstreamServer::ok);
      client.post(3, "/", "expect", "100-continue");
      client.until(HEADERS);
      assertThat(client.sofar(3).status()).isEqualTo(100);
      client.data(3, true, "x");
      assertThat(client.answer(3).body()).isEqualTo("read 1");
    }
  }

  // What is refused.

  @Test
  void headsThatCanBeReadInTwoWaysReachNobody() throws IOException {
    List<Buffer> heads =
        List.of(
            head(":method", "GET", ":scheme", "http"),
            head(":method", "GET", ":path", "/", ":authority", "a"),
            head(":scheme", "http", ":path", "/", ":authority", "a"),
            head(":method", "GET", ":scheme", "http", ":path", "", ":authority", "a"),
            head(":method", "GET", ":scheme", "http", ":path", "/", ":path", "/b"),
            head(":method", "GET", ":scheme", "ftp", ":path", "/", ":authority", "a"),
            head(":method", "GE T", ":scheme", "http", ":path", "/", ":authority", "a"),
            head(":method", "GET", ":scheme", "http", ":path", "/"),
            head(":method", "GET", ":scheme", "http", ":path", "/", "host", "a", "host", "b"),
            head(":method", "GET", ":scheme", "http", ":path", "/", ":authority", "a@b"),
            FrameConnection.head("GET", "/", "host", "other"),
            FrameConnection.head("GET", "/", "host", "a.example:2"),
            FrameConnection.head("GET", "/", ":authority", "again"),
            FrameConnection.head("GET", "/", ":unknown", "x"),
            FrameConnection.head("GET", "/ x"),
            FrameConnection.head("GET", "/x\r\nX-Forged: 1"),
            FrameConnection.head("GET", "*"),
            FrameConnection.head("GET", "http://b/"),
            FrameConnection.head("GET", "/", "Upper", "x"),
            FrameConnection.head("GET", "/", "under_score", "x"),
            FrameConnection.head("GET", "/", "a b", "x"),
            FrameConnection.head("GET", "/", "a:b", "x"),
            FrameConnection.head("GET", "/", "", "x"),
            FrameConnection.head("GET", "/", "x", "a\r\nX-Forged: 1"),
            FrameConnection.head("GET", "/", "x", "a\nb"),
            FrameConnection.head("GET", "/", "x", "a\0b"),
            FrameConnection.head("GET", "/", "x", " blank"),
            FrameConnection.head("GET", "/", "connection", "close"),
            FrameConnection.head("GET", "/", "keep-alive", "x"),
            FrameConnection.head("GET", "/", "proxy-connection", "x"),
            FrameConnection.head("GET", "/", "transfer-encoding", "chunked"),
            FrameConnection.head("GET", "/", "upgrade", "websocket"),
            FrameConnection.head("GET", "/", "te", "gzip"),
            FrameConnection.head("GET", "/", "content-length", "5"),
            FrameConnection.head("GET", "/", "content-length", "0", "content-length", "1"),
            FrameConnection.head("GET", "/", "content-length", "-1"),
            FrameConnection.head("TRACE", "/"));
    for (Buffer head : heads) {
      try (FrameConnection client = connect()) {
        client.send(HEADERS, END_HEADERS | END_STREAM, 1, head);
        assertThat(refusal(client, 1)).as(head.toString()).isTrue();
      }
    }
    assertThat(upstream.received()).isEmpty();
    try (FrameConnection client = connect()) {
      assertThat(client.get(1, "/").answer(1).status()).isEqualTo(200);
    }
    await().until(() -> upstream.open() <= 1);
  }

  private static Buffer head(String... fields) {
    return FrameConnection.fields(fields);
  }

  /** Whether it is 400 or 405, or the stream or all of the connection ends as malformed. */
  private static boolean refusal(FrameConnection client, int stream) throws IOException {
    try {
      Answer answer = client.answer(stream);
      return answer.reset() == PROTOCOL_ERROR || answer.status() == 400 || answer.status() == 405;
    } catch (java.io.EOFException ended) {
      return client.sofar(stream).heads().isEmpty();
    }
  }

  @Test
  void trailersThatNobodyCouldWriteEndTheUpload() throws IOException {
    for (Buffer bad :
        List.of(
            FrameConnection.fields(":path", "/b"),
            FrameConnection.fields("a_b", "x"),
            FrameConnection.fields("x", "a\r\nb: c"))) {
      try (FrameConnection client = connect()) {
        client.post(1, "/").data(1, false, "x");
        client.send(HEADERS, END_HEADERS | END_STREAM, 1, bad);
        assertThat(refusal(client, 1)).as(bad.toString()).isTrue();
      }
    }
    await().until(() -> upstream.open() <= 1); // one may have been made and not used
    try (FrameConnection client = connect()) {
      assertThat(client.get(1, "/").answer(1).status()).isEqualTo(200);
    }
  }

  /** The answer is whole, the upload stops, and the connection goes on. */
  @Test
  void refusedUploadIsAnsweredAndStoppedAlone() throws IOException {
    restart(H2C, Route.catchAll(upstream.address()));
    try (FrameConnection client = connect()) {
      client.post(1, "/").data(1, false, "x");
      Answer refused = client.answer(1);
      assertThat(refused.status()).isEqualTo(401);
      assertThat(refused.field("www-authenticate")).isEqualTo("Bearer realm=\"maglatch\"");
      assertThat(refused.body()).contains("\"unauthorized\"");
      assertThat(refused.ended()).isTrue();
      assertThat(client.until(RST_STREAM).code(0)).isZero();
      client.send(HEADERS, END_HEADERS | END_STREAM, 3, FrameConnection.head("HEAD", "/"));
      assertThat(client.answer(3).status()).isEqualTo(401);
      assertThat(client.sofar(3).body()).isEmpty();
      assertThat(client.get(5, "/").answer(5).status()).isEqualTo(401);
      assertThat(client.sofar(5).reset()).isEqualTo(NO_RESET);
    }
    assertThat(upstream.received()).isEmpty();
  }

  /** On such a listener HTTP/1 would be decoded by rules that are not ours. */
  @Test
  void plainListenerOfHttp2SpeaksNothingElse() throws IOException {
    try (Wire client = proxy.connect()) {
      client.send("GET / HTTP/1.1", "Host: h");
      assertThat(client.isAtEnd()).isTrue();
    }
    try (Wire client = proxy.connect()) {
      client.send(
          "GET / HTTP/1.1",
          "Host: h",
          "Connection: Upgrade, HTTP2-Settings",
          "Upgrade: h2c",
          "HTTP2-Settings: AAMAAABkAAQAAP__");
      client.socket().setSoTimeout(Wire.TIMEOUT_MILLIS);
      client.in().readAllBytes();
    }
    assertThat(upstream.received()).isEmpty();
  }

  // What breaks.

  @Test
  void resetByTheClientReachesTheUpstream() throws IOException {
    upstream.does(
        (wire, request) -> {
          wire.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
          wire.in().read();
        });
    try (FrameConnection client = connect()) {
      client.get(1, "/").until(DATA);
      client.reset(1, 8);
      await().until(() -> upstream.open() == 0);
      client.post(3, "/").data(3, false, "x").until(DATA);
      client.reset(3, 8);
      await().until(() -> upstream.open() == 0);
      upstream.does(UpstreamServer::ok);
      assertThat(client.get(5, "/").answer(5).status()).isEqualTo(200);
    }
    await().until(() -> proxy.log.size() == 3);
    assertThat(proxy.log)
        .extracting(AccessLog.Entry::ending)
        .containsExactly(Ending.CLIENT_GONE, Ending.CLIENT_GONE, Ending.RELAYED);
  }

  /** A client must be able to tell half of an answer from all of it. */
  @Test
  void answerThatBreaksOffIsReset() throws IOException {
    for (String framing : List.of("Content-Length: 100", "Transfer-Encoding: chunked")) {
      upstream.does(
          (wire, request) -> {
            wire.write("HTTP/1.1 200 OK\r\n" + framing + "\r\n\r\n4\r\nhalf\r\n");
            wire.socket().close();
          });
      try (FrameConnection client = connect()) {
        Answer answer = client.get(1, "/").answer(1);
        assertThat(answer.ended()).isFalse();
        assertThat(answer.reset()).isEqualTo(INTERNAL_ERROR);
        upstream.does(UpstreamServer::ok);
        assertThat(client.get(3, "/").answer(3).status()).isEqualTo(200);
      }
    }
  }

  @Test
  void upstreamThatBreaksBeforeItsAnswerIs502() throws IOException {
    upstream.does((wire, request) -> wire.socket().close());
    try (FrameConnection client = connect()) {
      client.post(1, "/").data(1, true, "x");
      assertThat(client.answer(1).status()).isEqualTo(502);
      assertThat(client.get(3, "/").answer(3).status()).isEqualTo(502);
    }
  }

  /** Who reads nothing must not make the gateway hold what the upstream has. */
  @Test
  void slowReaderSlowsItsUpstreamAndNobodyElse() throws Exception {
    int total = 20_000_000;
    AtomicLong written = new AtomicLong();
    upstream.does(
        (wire, request) -> {
          if (request.target().equals("/fast")) {
            UpstreamServer.ok(wire, request);
            return;
          }
          wire.write("HTTP/1.1 200 OK\r\nContent-Length: " + total + "\r\n\r\n");
          byte[] part = new byte[10_000];
          for (int i = 0; i < total; i += part.length) {
            wire.out().write(part);
            written.addAndGet(part.length);
          }
        });
    try (FrameConnection slow = connect(INITIAL_WINDOW, 1_000)) {
      slow.slow().get(1, "/slow").until(DATA);
      AtomicLong before = new AtomicLong(-1);
      await() // until the upstream stands still
          .pollInterval(Duration.ofMillis(300))
          .until(() -> before.getAndSet(written.get()) == written.get());
      assertThat(written.get()).isLessThan(total / 2);
      assertThat(slow.get(3, "/fast").answer(3).body()).isEqualTo("read 0");
      slow.window(0, 1 << 30).window(1, 1 << 30);
      assertThat(slow.answer(1).body()).hasSize(total);
    }
  }

  /** An upload that its upstream does not read holds no window that other streams need. */
  @Test
  void stalledUploadDoesNotStallItsNeighbours() throws Exception {
    CountDownLatch release = new CountDownLatch(1);
    upstream.does(
        (wire, request) -> {
          if (request.target().equals("/stalls")) {
            hold(release);
          }
          UpstreamServer.ok(wire, request);
        });
    try (FrameConnection client = connect()) {
      client.post(1, "/stalls");
      for (String part : FrameConnection.parts("s".repeat(65_535))) {
        client.data(1, false, part);
      }
      client.post(3, "/");
      upload(client, 3, "x".repeat(20_000));
      assertThat(client.answer(3).body()).isEqualTo("read 20000");
      release.countDown();
      client.data(1, true, "");
      assertThat(client.answer(1).body()).isEqualTo("read 65535");
    }
  }

  private static void hold(CountDownLatch until) throws IOException {
    try {
      assertThat(until.await(20, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException stop) {
      throw new IOException(stop);
    }
  }

  // How it ends.

  @Test
  void streamOfARevokedKeyIsResetAndNotTheConnection() throws IOException {
    restart(H2C, Route.catchAll(upstream.address()));
    proxy.credentials.at("mgp_a", Verdict.allowed(RunningProxy.principal(KeyKind.MGP)));
    proxy.credentials.at("mgp_b", Verdict.allowed(RunningProxy.principal(KeyKind.MGP)));
    upstream.does(
        (wire, request) -> {
          if (request.method().equals("GET")) {
            wire.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n");
          }
          wire.in().readAllBytes();
        });
    try (FrameConnection client = connect()) {
      client.get(1, "/", "authorization", "Bearer mgp_a").until(DATA);
      client.get(3, "/", "authorization", "Bearer mgp_b").until(DATA);
      client.post(5, "/", "authorization", "Bearer mgp_a").data(5, false, "x");
      await().until(() -> upstream.received().size() == 3);
      proxy.credentials.at("mgp_a", Verdict.REVOKED);
      assertThat(client.answer(1).reset()).isEqualTo(INTERNAL_ERROR);
      assertThat(client.sofar(1).ended()).isFalse();
      assertThat(client.answer(5).status()).isEqualTo(401);
      await().until(() -> upstream.open() == 1);
      assertThat(client.sofar(3).reset()).isEqualTo(NO_RESET);
      assertThat(client.get(7, "/").answer(7).status()).isEqualTo(401);
    }
  }

  @Test
  void stopSaysGoodbyeAndLetsStreamsFinish() throws IOException {
    CountDownLatch release = new CountDownLatch(1);
    upstream.does(
        (wire, request) -> {
          hold(release);
          UpstreamServer.ok(wire, request);
        });
    try (FrameConnection client = connect()) {
      client.get(1, "/");
      await().until(() -> upstream.received().size() == 1);
      Future<Void> stopped = proxy.stop();
      assertThat(client.until(GOAWAY).code(4)).isZero();
      assertThat(stopped.isComplete()).isFalse();
      release.countDown();
      Answer answer = client.answer(1);
      assertThat(answer.body()).isEqualTo("read 0");
      assertThat(answer.heads().get(0)).doesNotContainKey("connection");
      assertThat(client.readToEnd()).isEqualTo(-1);
      RunningProxy.await(stopped);
    }
  }

  /** Streams that a client has begun before it heard the goodbye count, and new clients too. */
  @Test
  void stopSaysGoodbyeAtOnceAndTakesStreamsForAWhile() throws IOException {
    restart(leaving(), RunningProxy.open(upstream));
    try (FrameConnection client = connect()) {
      assertThat(client.get(1, "/").answer(1).status()).isEqualTo(200);
      Future<Void> stopped = proxy.stop();
      assertThat(client.until(GOAWAY).code(4)).isZero();
      assertThat(client.get(3, "/").answer(3).status()).isEqualTo(200);
      try (FrameConnection late = connect()) {
        assertThat(late.get(1, "/").answer(1).status()).isEqualTo(200);
      }
      RunningProxy.await(stopped);
      assertThat(client.readToEnd()).isEqualTo(-1);
    }
  }

  private static ListenerConfig leaving() {
    return Listeners.leaving(H2C, Duration.ofSeconds(2));
  }

  private static ListenerConfig impatient(long headMillis, long idleMillis) {
    return Listeners.waiting(H2C, Duration.ofMillis(headMillis), Duration.ofMillis(idleMillis));
  }

  /** Pings keep nothing alive, and end nothing early either. */
  @Test
  void connectionWithoutStreamsIsEndedWithAGoodbye() throws IOException {
    restart(impatient(300, 1_500), RunningProxy.open(upstream));
    try (FrameConnection client = connect()) {
      assertThat(client.get(1, "/").answer(1).status()).isEqualTo(200);
      long begun = System.nanoTime();
      client.send(PING, 0, 0, Buffer.buffer(new byte[8]));
      assertThat(client.until(GOAWAY).code(4)).isZero();
      assertThat(System.nanoTime() - begun).isGreaterThan(TimeUnit.MILLISECONDS.toNanos(1_200));
      assertThat(client.readToEnd()).isEqualTo(-1);
    }
  }

  /** One that says nothing, not all of its preface, or nothing after it. */
  @Test
  void connectionThatDoesNotBeginIsCut() throws IOException {
    restart(impatient(300, 20_000), RunningProxy.open(upstream));
    try (Wire silent = proxy.connect();
        Wire half = proxy.connect();
        FrameConnection idle = connect()) {
      half.write("PRI * HTT");
      assertThat(silent.isAtEnd()).isTrue();
      assertThat(half.isAtEnd()).isTrue();
      idle.readToEnd();
    }
  }
}
