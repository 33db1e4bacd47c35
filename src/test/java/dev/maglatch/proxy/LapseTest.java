// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.maglatch.key.KeyKind;
import dev.maglatch.verify.Verdict;
import io.vertx.core.Future;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.SocketException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Rule 8, byte by byte: how each sort of stream ends when its credential is good no longer. */
class LapseTest {
  private static final String TOKEN = "mgp_token";
  private static final Verdict GOOD = Verdict.allowed(RunningProxy.principal(KeyKind.MGP));
  private static final long BOUND_MILLIS = 1_000;
  private static final byte[] UNAUTHORIZED = "Unauthorized".getBytes(ISO_8859_1);
  private static final String[] SWITCH = {
    "HTTP/1.1 101 Switching Protocols",
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
  };

  private final UpstreamServer upstream = new UpstreamServer();
  private final List<Lapse> lapses = new CopyOnWriteArrayList<>();
  private final RunningProxy proxy =
      new RunningProxy(
          ProxyConfig.to(upstream.address()),
          ListenerConfig.DEFAULT,
          parts -> RunningProxy.with(parts, new Lapses()));

  @BeforeEach
  void accept() {
    proxy.credentials.at(TOKEN, GOOD);
  }

  @AfterEach
  void stop() {
    proxy.close();
    upstream.close();
  }

  @Test
  void idleWebSocketGetsACloseFrameAndBothSidesAreClosed() throws Exception {
    upstream.does(LapseTest::silent);
    try (Wire client = upgraded()) {
      lapse(Verdict.REVOKED);
      assertClose(client, 1008, UNAUTHORIZED);
      assertThat(client.isAtEnd()).isTrue();
    }
    await().until(() -> upstream.open() == 0);
    await().until(() -> !proxy.log.isEmpty());
    assertThat(proxy.log.get(0).ending()).isEqualTo(Ending.CREDENTIAL_LAPSED);
  }

  /** A client that never stops talking must still be able to read why it was cut off. */
  @Test
  void closeFrameReachesAClientThatKeepsSending() throws Exception {
    upstream.does(LapseTest::silent);
    try (Wire client = upgraded()) {
      Thread talker =
          new Thread(
              () -> {
                try {
                  while (true) {
                    client.out().write(new byte[1_000]);
                  }
                } catch (IOException closed) {
                  // that is the end
                }
              });
      talker.start();
      lapse(Verdict.REVOKED);
      assertClose(client, 1008, UNAUTHORIZED);
      talker.join(BOUND_MILLIS);
      assertThat(talker.isAlive()).isFalse();
    }
  }

  /** The frame on its way is finished first, whatever segments it comes in; nothing follows it. */
  @Test
  void frameOnItsWayIsFinishedAndNothingAfterIt() throws Exception {
    byte[] frame = FrameTrackerTest.frame(0x82, 5_000, false).getBytes();
    byte[] next = FrameTrackerTest.frame(0x82, 10, false).getBytes();
    upstream.does(
        (wire, request) -> {
          wire.send(SWITCH);
          wire.out().write(frame, 0, 1_000);
          awaitLapse();
          wire.out().write(frame, 1_000, 1_500);
          wire.out().write(frame, 2_500, 1_500);
          byte[] rest = Arrays.copyOfRange(frame, 4_000, 5_004 + next.length);
          System.arraycopy(next, 0, rest, 1_004, next.length);
          wire.out().write(rest);
          wire.in().read();
        });
    try (Wire client = upgraded()) {
      assertThat(client.in().readNBytes(1_000)).isEqualTo(Arrays.copyOf(frame, 1_000));
      lapse(Verdict.EXPIRED);
      assertThat(client.in().readNBytes(4_004)).isEqualTo(Arrays.copyOfRange(frame, 1_000, 5_004));
      assertClose(client, 1008, UNAUTHORIZED);
    }
  }

  /** A close frame may stand between the fragments of a message, as every control frame may. */
  @Test
  void closeFrameStandsBetweenFragmentsAndControlFrames() throws Exception {
    byte[] first = FrameTrackerTest.frame(0x01, 300, false).getBytes();
    byte[] ping = FrameTrackerTest.frame(0x89, 5, false).getBytes();
    upstream.does(
        (wire, request) -> {
          wire.send(SWITCH);
          wire.out().write(first);
          wire.out().write(ping);
          wire.in().read();
        });
    try (Wire client = upgraded()) {
      assertThat(client.in().readNBytes(first.length)).isEqualTo(first);
      assertThat(client.in().readNBytes(ping.length)).isEqualTo(ping);
      lapse(Verdict.REVOKED);
      assertClose(client, 1008, UNAUTHORIZED);
    }
  }

  /** A frame that does not end cannot be waited for, and must not look as if it had. */
  @Test
  void clientIsResetWhenNoFrameEnds() throws Exception {
    byte[] frame = FrameTrackerTest.frame(0x82, 70_000, false).getBytes();
    upstream.does(
        (wire, request) -> {
          wire.send(SWITCH);
          wire.out().write(frame, 0, 40_000);
          wire.in().read();
        });
    try (Wire client = upgraded()) {
      assertThat(client.in().readNBytes(40_000)).hasSize(40_000);
      lapse(Verdict.REVOKED);
      assertThatThrownBy(() -> client.in().read()).isInstanceOf(SocketException.class);
    }
    await().until(() -> upstream.open() == 0);
  }

  @Test
  void originThatSaidGoodbyeItselfIsNotTalkedOver() throws Exception {
    byte[] goodbye = {(byte) 0x88, 2, 3, (byte) 0xe8};
    upstream.does(
        (wire, request) -> {
          wire.send(SWITCH);
          wire.out().write(goodbye);
          wire.in().read();
        });
    try (Wire client = upgraded()) {
      assertThat(client.in().readNBytes(4)).isEqualTo(goodbye);
      lapse(Verdict.REVOKED);
      assertThat(client.in().read()).isNegative();
    }
  }

  /** That nobody can vouch for a key says nothing against it: the client may come back with it. */
  @Test
  void undecidedIsToldApartFromBad() throws Exception {
    upstream.does(LapseTest::silent);
    try (Wire client = upgraded()) {
      proxy.credentials.forget(TOKEN);
      assertClose(client, 1013, "Service unavailable".getBytes(ISO_8859_1));
    }
  }

  /** What has to be asked is asked, and asked again when nothing was learned. */
  @Test
  void streamGoesOnWhileTheStoreDoesNotAnswer() throws Exception {
    upstream.does(LapseTest::silent);
    try (Wire client = upgraded()) {
      proxy.credentials.later(TOKEN, Future.failedFuture("late"));
      proxy.credentials.forget(TOKEN);
      client.socket().setSoTimeout(1_500);
      assertThatThrownBy(() -> client.in().read())
          .isInstanceOf(java.net.SocketTimeoutException.class);
      client.socket().setSoTimeout(Wire.TIMEOUT_MILLIS);
      proxy.credentials.later(TOKEN, Future.succeededFuture(Verdict.REVOKED));
      assertClose(client, 1008, UNAUTHORIZED);
    }
  }

  @Test
  void chunkedAnswerBreaksOffByResetBeforeItsLastChunk() throws Exception {
    upstream.does(
        (wire, request) -> {
          wire.send(
              "HTTP/1.1 200 OK", "Content-Type: text/event-stream", "Transfer-Encoding: chunked");
          wire.writeChunk("data: x\n\n");
          wire.in().read();
        });
    try (Wire client = proxy.connect()) {
      client.send("GET /events HTTP/1.1", "Host: h", "Authorization: Bearer " + TOKEN);
      assertThat(client.head().status()).isEqualTo(200);
      assertThat(client.readChunk()).asString().isEqualTo("data: x\n\n");
      lapse(Verdict.REVOKED);
      assertThatThrownBy(() -> client.in().read()).isInstanceOf(SocketException.class);
    }
    await().until(() -> upstream.open() == 0);
  }

  @Test
  void answerWithALengthIsReset() throws Exception {
    upstream.does(
        (wire, request) -> {
          wire.send("HTTP/1.1 200 OK", "Content-Length: 10");
          wire.write("12345");
          wire.in().read();
        });
    try (Wire client = proxy.connect()) {
      client.send("GET /file HTTP/1.1", "Host: h", "Authorization: Bearer " + TOKEN);
      assertThat(client.head().status()).isEqualTo(200);
      assertThat(client.in().readNBytes(5)).asString().isEqualTo("12345");
      lapse(Verdict.REVOKED);
      assertThatThrownBy(() -> client.in().read()).isInstanceOf(SocketException.class);
    }
  }

  @Test
  void uploadIsRefusedAndTheUpstreamNeverSeesItsEnd() throws Exception {
    CountDownLatch cut = new CountDownLatch(1);
    upstream.does(
        (wire, request) -> {
          try {
            wire.readBody(request);
          } catch (EOFException brokenOff) {
            cut.countDown();
          }
        });
    try (Wire client = proxy.connect()) {
      client.send(
          "POST /upload HTTP/1.1",
          "Host: h",
          "Authorization: Bearer " + TOKEN,
          "Transfer-Encoding: chunked");
      client.writeChunk("first");
      await().until(() -> !upstream.received().isEmpty());
      lapse(Verdict.REVOKED);
      Message answer = client.head();
      assertThat(answer.status()).isEqualTo(401);
      assertThat(answer.field("connection")).isEqualTo("close");
      assertThat(client.readText(answer)).contains("\"unauthorized\"");
      assertThat(client.isAtEnd()).isTrue();
    }
    assertThat(cut.await(10, TimeUnit.SECONDS)).isTrue();
  }

  /** A request that only waits for its answer was admitted: it may be what revokes its own key. */
  @Test
  void requestThatWaitsForItsAnswerGetsIt() throws Exception {
    upstream.does(
        (wire, request) -> {
          pauseLongerThanAVigilNeeds();
          UpstreamServer.ok(wire, request);
        });
    try (Wire client = proxy.connect()) {
      client.send("GET /slow HTTP/1.1", "Host: h", "Authorization: Bearer " + TOKEN);
      await().until(() -> !upstream.received().isEmpty());
      lapse(Verdict.REVOKED);
      Message answer = client.head();
      assertThat(answer.status()).isEqualTo(200);
      assertThat(client.readText(answer)).isEqualTo("read 0");
    }
    assertThat(lapses).isEmpty();
  }

  private Wire upgraded() throws IOException {
    Wire client = proxy.connect();
    client.send(
        "GET /ws HTTP/1.1",
        "Host: h",
        "Authorization: Bearer " + TOKEN,
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==");
    assertThat(client.head().status()).isEqualTo(101);
    return client;
  }

  private void lapse(Verdict verdict) {
    proxy.credentials.at(TOKEN, verdict);
  }

  private void awaitLapse() {
    await().pollInterval(Duration.ofMillis(2)).until(() -> !lapses.isEmpty());
  }

  private static void silent(Wire wire, Message request) throws IOException {
    wire.send(SWITCH);
    wire.in().transferTo(OutputStream.nullOutputStream());
  }

  private static void pauseLongerThanAVigilNeeds() {
    try {
      TimeUnit.MILLISECONDS.sleep(900);
    } catch (InterruptedException stopped) {
      throw new IllegalStateException(stopped);
    }
  }

  /** Reads a close frame, which must come in time, and nothing before it. */
  private static void assertClose(Wire client, int code, byte[] reason) throws IOException {
    client.socket().setSoTimeout((int) BOUND_MILLIS);
    DataInputStream in = new DataInputStream(client.in());
    assertThat(in.readUnsignedByte()).isEqualTo(0x88);
    assertThat(in.readUnsignedByte()).isEqualTo(2 + reason.length);
    assertThat(in.readUnsignedShort()).isEqualTo(code);
    assertThat(in.readNBytes(reason.length)).isEqualTo(reason);
  }

  /** Notes why streams were ended. */
  private final class Lapses implements ProxyMetrics {
    @Override
    public void lapsed(Lapse why) {
      lapses.add(why);
    }
  }
}
