// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import static dev.maglatch.proxy.FrameConnection.CONTINUATION;
import static dev.maglatch.proxy.FrameConnection.DATA;
import static dev.maglatch.proxy.FrameConnection.END_HEADERS;
import static dev.maglatch.proxy.FrameConnection.END_STREAM;
import static dev.maglatch.proxy.FrameConnection.HEADERS;
import static dev.maglatch.proxy.FrameConnection.NONE;
import static dev.maglatch.proxy.FrameConnection.PING;
import static dev.maglatch.proxy.FrameConnection.RST_STREAM;
import static dev.maglatch.proxy.FrameConnection.SETTINGS;
import static dev.maglatch.proxy.FrameConnection.WINDOW_UPDATE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.maglatch.proxy.FrameConnection.Answer;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.ChannelPipeline;
import io.vertx.core.buffer.Buffer;
import java.io.EOFException;
import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.IntFunction;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Clients that send frames which cost them little and us much: each is cut or borne, and the next
 * request on another connection is answered at once.
 */
class Http2FloodTest {
  private static final long REFUSED_STREAM = 7;
  private static final int CANCEL = 8;
  private static final long ENHANCE_YOUR_CALM = 11;
  private static final Duration AT_ONCE = Duration.ofSeconds(5); // on a machine that is busy
  private static final int AT_A_TIME = 100; // frames in one write
  private static final int MAX_UNREAD = 10_000;
  private static final int CONNECTION_BEGIN = 24 + 9; // preface and settings, in bytes
  private static final ListenerConfig H2C =
      Listeners.speaking(ListenerConfig.DEFAULT, new Protocols(null, true, true));

  private final UpstreamServer upstream = new UpstreamServer();
  private final CountDownLatch release = new CountDownLatch(1);
  private RunningProxy proxy = RunningProxy.listening(H2C, RunningProxy.open(upstream));

  @AfterEach
  void stop() {
    release.countDown();
    proxy.close();
    upstream.close();
  }

  /** Sends frames by number until there are enough or the connection is cut. */
  private void flood(FrameConnection attacker, int frames, IntFunction<Buffer> frame)
      throws IOException {
    try {
      for (int i = 0; i < frames; i += AT_A_TIME) {
        Buffer batch = Buffer.buffer();
        for (int n = i; n < i + AT_A_TIME; n++) {
          batch.appendBuffer(frame.apply(n));
        }
        attacker.raw(batch);
      }
    } catch (IOException cut) {
      // as it should be
    }
    assertNextIsAnswered();
  }

  private void assertNextIsAnswered() throws IOException {
    long begun = System.nanoTime();
    try (FrameConnection other = new FrameConnection(proxy.port())) {
      assertThat(other.get(1, "/").answer(1).status()).isEqualTo(200);
    }
    assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(AT_ONCE);
  }

  private static Buffer get(int stream) {
    return FrameConnection.frame(
        HEADERS, END_HEADERS | END_STREAM, stream, FrameConnection.head("GET", "/"));
  }

  /** Whether the connection was ended, with a code if any of its last bytes arrived. */
  private static void assertCut(FrameConnection attacker, long code) throws IOException {
    assertThat(attacker.readToEnd()).isIn(-1L, code);
  }

  @Test
  void rapidResetIsCut() throws IOException {
    try (FrameConnection attacker = new FrameConnection(proxy.port())) {
      flood(
          attacker,
          2_000,
          n ->
              get(2 * n + 1)
                  .appendBuffer(
                      FrameConnection.frame(
                          RST_STREAM, NONE, 2 * n + 1, Buffer.buffer().appendInt(8))));
      assertCut(attacker, ENHANCE_YOUR_CALM);
    }
    await().until(() -> upstream.open() <= ProxyConfig.Pool.DEFAULT.maxConnections());
    assertThat(upstream.received()).hasSizeLessThan(500);
  }

  /** The client makes the server reset, which costs the same. */
  @Test
  void resetsThatWeAreMadeToSendAreCut() throws IOException {
    try (FrameConnection attacker = new FrameConnection(proxy.port())) {
      flood(
          attacker,
          2_000,
          n ->
              get(2 * n + 1)
                  .appendBuffer(
                      FrameConnection.frame(
                          WINDOW_UPDATE, NONE, 2 * n + 1, Buffer.buffer().appendInt(0))));
      assertCut(attacker, ENHANCE_YOUR_CALM);
    }
    await().until(() -> upstream.open() <= ProxyConfig.Pool.DEFAULT.maxConnections());
  }

  @Test
  void continuationsWithoutEndAreCut() throws IOException {
    try (FrameConnection attacker = new FrameConnection(proxy.port())) {
      attacker.send(HEADERS, END_STREAM, 1, FrameConnection.head("GET", "/"));
      flood(
          attacker,
          2_000,
          n -> FrameConnection.frame(CONTINUATION, NONE, 1, FrameConnection.fields("a", "b")));
      assertCut(attacker, ENHANCE_YOUR_CALM);
    }
  }

  @Test
  void emptyDataIsCut() throws IOException {
    try (FrameConnection attacker = new FrameConnection(proxy.port())) {
      attacker.post(1, "/");
      flood(attacker, 2_000, n -> FrameConnection.frame(DATA, NONE, 1, Buffer.buffer()));
      assertCut(attacker, ENHANCE_YOUR_CALM);
    }
    await().until(() -> upstream.open() <= ProxyConfig.Pool.DEFAULT.maxConnections());
  }

  /** The answers pile up with a client that does not read them, up to a bound. */
  @Test
  void pingsAreBorneOrCut() throws IOException {
    Buffer ping = FrameConnection.frame(PING, NONE, 0, Buffer.buffer(new byte[8]));
    try (FrameConnection attacker = new FrameConnection(proxy.port())) {
      flood(attacker, 100_000, n -> ping);
    }
  }

  @Test
  void settingsAreBorneOrCut() throws IOException {
    Buffer settings =
        FrameConnection.frame(
            SETTINGS, NONE, 0, Buffer.buffer().appendUnsignedShort(3).appendInt(100));
    try (FrameConnection attacker = new FrameConnection(proxy.port())) {
      flood(attacker, 100_000, n -> settings);
    }
  }

  /** Counted where they wait to be sent: what the kernel takes over costs us nothing. */
  @ParameterizedTest
  @ValueSource(ints = {PING, SETTINGS})
  void soManyAnswersMayWaitForAClientThatReadsNone(int type) throws Exception {
    byte[] payload = new byte[type == PING ? 8 : 0];
    Buffer frame = FrameConnection.frame(type, NONE, 0, Buffer.buffer(payload));
    Accepted accepted = Accepted.next(proxy);
    try (FrameConnection attacker = new FrameConnection(proxy.port())) {
      accepted.sent(CONNECTION_BEGIN);
      int waiting = 0;
      while (accepted.isOpen()) {
        assertThat(waiting).isLessThanOrEqualTo(MAX_UNREAD);
        int more = Math.max(1, MAX_UNREAD - waiting); // when all wait, one is too many
        Buffer batch = Buffer.buffer();
        for (int i = 0; i < more; i++) {
          batch.appendBuffer(frame);
        }
        attacker.raw(batch);
        accepted.sent(batch.length());
        boolean bearable = waiting < MAX_UNREAD;
        waiting = accepted.waiting();
        assertThat(accepted.isOpen() || !bearable).as("cut too early").isTrue();
      }
      assertCut(attacker, ENHANCE_YOUR_CALM);
    }
    assertNextIsAnswered();
  }

  /** The next connection that the gateway accepts, seen from its side. */
  private static final class Accepted {
    private final CompletableFuture<Channel> channel = new CompletableFuture<>();
    private final AtomicLong received = new AtomicLong();
    private long sent;

    static Accepted next(RunningProxy proxy) throws Exception {
      Accepted accepted = new Accepted();
      ChannelPipeline listening = proxy.entrance.listener().result().pipeline();
      listening.channel().eventLoop().submit(() -> listening.addFirst(accepted.doorman())).get();
      return accepted;
    }

    private ChannelHandler doorman() {
      return new ChannelInboundHandlerAdapter() {
        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
          if (message instanceof Channel next && !channel.isDone()) {
            next.pipeline().addFirst(counter());
            channel.complete(next);
          }
          context.fireChannelRead(message);
        }
      };
    }

    private ChannelHandler counter() {
      return new ChannelInboundHandlerAdapter() {
        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
          int bytes = message instanceof ByteBuf read ? read.readableBytes() : 0;
          context.fireChannelRead(message);
          received.addAndGet(bytes);
        }
      };
    }

    boolean isOpen() {
      return channel.join().isActive();
    }

    /** Waits until so many bytes more were read, or the connection is closed. */
    void sent(int bytes) {
      sent += bytes;
      await().pollInterval(Duration.ofMillis(2)).until(() -> received.get() >= sent || !isOpen());
    }

    /** Returns how many frames the kernel does not take. */
    int waiting() throws Exception {
      Channel own = channel.join();
      return own.eventLoop()
          .submit(
              () -> {
                own.flush();
                ChannelOutboundBuffer buffer = own.unsafe().outboundBuffer();
                return buffer == null ? 0 : buffer.size();
              })
          .get();
    }
  }

  /** Each of them is tiny on the wire, and not in memory. */
  @Test
  void manyTinyFieldsAreRefused() throws IOException {
    Buffer indexed = FrameConnection.head("GET", "/");
    for (int i = 0; i < 16_000; i++) {
      indexed.appendByte((byte) 0x90); // accept-encoding: gzip, deflate
    }
    String[] fields = new String[1_600];
    Arrays.fill(fields, "a");
    for (Buffer block : java.util.List.of(indexed, FrameConnection.head("GET", "/", fields))) {
      try (FrameConnection attacker = new FrameConnection(proxy.port())) {
        attacker.send(HEADERS, END_HEADERS | END_STREAM, 1, block);
        assertThat(isTooLarge(attacker)).isTrue();
      }
      assertNextIsAnswered();
    }
    assertThat(upstream.received()).hasSize(2);
  }

  /** As long as they would be in HTTP/1.1, which the upstream may speak. */
  @ParameterizedTest
  @CsvSource({"8191, 16383, 200", "8192, 16384, 200", "8193, 16384, 414", "8192, 16385, 431"})
  void lineAndFieldsMayBeAsLongAsTheirBounds(int line, int fields, int status) throws IOException {
    String path = "/" + "a".repeat(line - "GET / HTTP/1.1".length());
    String half = "b".repeat(8_000);
    String rest = "c".repeat(fields - "x: ".length() - half.length() - "y: ".length());
    Buffer block = FrameConnection.head("GET", path, "x", half, "y", rest);
    try (FrameConnection client = new FrameConnection(proxy.port())) {
      assertThat(inTwoFrames(client, block).answer(1).status()).isEqualTo(status);
      assertThat(client.get(3, "/").answer(3).status()).isEqualTo(200);
    }
  }

  /**
   * Beyond its bound, as RFC 9113 counts (32 more for each field), a list is not even decoded: then
   * the answer knows nothing of the request.
   */
  @ParameterizedTest
  @CsvSource({"-1, true", "0, true", "1, false"})
  void headerListIsDecodedUpToItsBound(int more, boolean decoded) throws IOException {
    int bound = H2C.maxTargetBytes() + H2C.maxHeaderBytes() + 32 * (H2C.maxHeaders() + 4);
    int pseudo = ":methodGET:schemehttp:path/:authoritya.example:1".length() + 4 * 32;
    String filler = "b".repeat(bound + more - pseudo - "a".length() - 32);
    Buffer block = FrameConnection.head("GET", "/", "a", filler);
    try (FrameConnection client = new FrameConnection(proxy.port())) {
      client.until(SETTINGS);
      Answer answer = inTwoFrames(client, block).answer(1);
      assertThat(answer.status()).isEqualTo(431);
      assertThat(answer.field("x-request-id").isEmpty()).isNotEqualTo(decoded);
      assertThat(client.get(3, "/").answer(3).status()).isEqualTo(200);
    }
  }

  private static FrameConnection inTwoFrames(FrameConnection client, Buffer block)
      throws IOException {
    int most = 16_384;
    return client
        .send(HEADERS, END_STREAM, 1, block.getBuffer(0, most))
        .send(CONTINUATION, END_HEADERS, 1, block.getBuffer(most, block.length()));
  }

  @ParameterizedTest
  @CsvSource({"99, 200", "100, 200", "101, 431"})
  void fieldsMayBeAsManyAsTheirBound(int fields, int status) throws IOException {
    String[] more = new String[2 * fields];
    Arrays.fill(more, "a");
    try (FrameConnection client = new FrameConnection(proxy.port())) {
      assertThat(client.get(1, "/", more).answer(1).status()).isEqualTo(status);
      assertThat(client.get(3, "/").answer(3).status()).isEqualTo(200);
    }
  }

  @ParameterizedTest
  @CsvSource({"1, true", "2, true", "3, false"})
  void emptyDataMayComeTwiceInARow(int frames, boolean answered) throws IOException {
    try (FrameConnection client = new FrameConnection(proxy.port())) {
      client.post(1, "/");
      for (int i = 0; i < frames; i++) {
        client.data(1, false, "");
      }
      assertAnsweredOrCut(client.data(1, true, "x"), 1, answered);
    }
  }

  @ParameterizedTest
  @CsvSource({"14, true", "15, true", "16, false"})
  void headMayBeInSoManySmallParts(int parts, boolean answered) throws IOException {
    try (FrameConnection client = new FrameConnection(proxy.port())) {
      client.send(HEADERS, END_STREAM, 1, FrameConnection.head("GET", "/"));
      for (int i = 1; i <= parts; i++) {
        int flags = i == parts ? END_HEADERS : NONE;
        client.send(CONTINUATION, flags, 1, FrameConnection.fields("a", "b"));
      }
      assertAnsweredOrCut(client, 1, answered);
    }
  }

  @Test
  void streamsMayBeResetSoOften() throws IOException {
    try (FrameConnection client = new FrameConnection(proxy.port())) {
      for (int n = 0; n < 200; n++) {
        client.raw(get(2 * n + 1)).reset(2 * n + 1, CANCEL);
      }
      assertThat(client.get(401, "/").answer(401).status()).isEqualTo(200);
      client.raw(get(403)).reset(403, CANCEL);
      assertCut(client, ENHANCE_YOUR_CALM);
    }
    await().until(() -> upstream.open() <= ProxyConfig.Pool.DEFAULT.maxConnections());
  }

  private static void assertAnsweredOrCut(FrameConnection client, int stream, boolean answered)
      throws IOException {
    if (answered) {
      assertThat(client.answer(stream).status()).isEqualTo(200);
    } else {
      assertCut(client, ENHANCE_YOUR_CALM);
    }
  }

  private static boolean isTooLarge(FrameConnection attacker) throws IOException {
    try {
      return attacker.answer(1).status() == 431;
    } catch (EOFException cut) {
      return true;
    }
  }

  @Test
  void streamsBeyondTheBoundAreRefusedAndTheOthersAnswered() throws IOException {
    upstream.does(
        (wire, request) -> {
          try {
            assertThat(release.await(20, TimeUnit.SECONDS)).isTrue();
          } catch (InterruptedException stop) {
            throw new IOException(stop);
          }
          UpstreamServer.ok(wire, request);
        });
    try (FrameConnection client = new FrameConnection(proxy.port())) {
      client.until(SETTINGS);
      for (int n = 0; n < 101; n++) {
        client.raw(get(2 * n + 1));
      }
      assertThat(client.answer(201).reset()).isEqualTo(REFUSED_STREAM);
      release.countDown();
      for (int n = 0; n < 100; n++) {
        Answer answer = client.answer(2 * n + 1);
        assertThat(answer.status()).isEqualTo(200);
      }
      assertThat(client.get(203, "/").answer(203).status()).isEqualTo(200);
    }
  }

  /** Each byte comes in time, and the head never. */
  @Test
  void headThatDripsIsCutAtItsDeadline() throws Exception {
    proxy.close();
    proxy =
        RunningProxy.listening(
            Listeners.waiting(H2C, Duration.ofMillis(400), H2C.idleTimeout()),
            RunningProxy.open(upstream));
    try (FrameConnection slow = new FrameConnection(proxy.port())) {
      assertThat(slow.get(1, "/").answer(1).status()).isEqualTo(200);
      slow.raw(Buffer.buffer().appendMedium(1_000).appendByte((byte) HEADERS));
      slow.raw(Buffer.buffer().appendByte((byte) (END_HEADERS | END_STREAM)).appendInt(3));
      long begun = System.nanoTime();
      try {
        while (System.nanoTime() - begun < TimeUnit.SECONDS.toNanos(15)) {
          slow.raw(Buffer.buffer().appendByte((byte) 0));
          TimeUnit.MILLISECONDS.sleep(30);
        }
        assertThat(slow.readToEnd()).as("not cut").isNegative();
      } catch (IOException cut) {
        // as it should be
      }
      assertThat(System.nanoTime() - begun).isLessThan(TimeUnit.SECONDS.toNanos(10));
    }
    assertNextIsAnswered();
  }
}
