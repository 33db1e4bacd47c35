// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.maglatch.proxy.UpstreamGroup.Balance;
import dev.maglatch.proxy.UpstreamGroup.Link;
import dev.maglatch.proxy.UpstreamGroup.Protocol;
import dev.maglatch.proxy.UpstreamGroup.Target;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersFrame;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2HeadersFrame;
import io.netty.handler.codec.http2.Http2MultiplexHandler;
import io.netty.handler.codec.http2.Http2StreamFrame;
import io.vertx.core.Handler;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.http.StreamResetException;
import io.vertx.core.net.SelfSignedCertificate;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Upstreams that speak HTTP/2. */
class Http2UpstreamTest {
  private static final int BIG = 3_000_000;

  private final Vertx vertx = Vertx.vertx();
  private final AtomicInteger connections = new AtomicInteger();
  private final List<Throwable> resets = new CopyOnWriteArrayList<>();
  private volatile HttpServerOptions options = new HttpServerOptions();

  @AfterEach
  void close() {
    RunningProxy.await(vertx.close());
  }

  @Test
  void requestAndAnswerPassWithTheirFields() throws IOException {
    try (RunningProxy proxy = proxy(Http2UpstreamTest::describe);
        Wire client = proxy.connect()) {
      client.send("POST /a?b=c HTTP/1.1", "Host: h", "X-One: 1", "Content-Length: 4");
      client.write("body");
      Message answer = client.head();
      assertThat(answer.status()).isEqualTo(201);
      assertThat(answer.field("X-Two")).isEqualTo("2");
      assertThat(client.readText(answer)).isEqualTo("HTTP_2 POST /a?b=c 1 http body");
      client.send("GET /x HTTP/1.1", "Host: h");
      answer = client.head();
      assertThat(client.readText(answer)).isEqualTo("HTTP_2 GET /x null http ");
    }
    assertThat(connections.get()).isEqualTo(1);
  }

  /** What gRPC needs: the answer's trailers, and an answer that is nothing but fields. */
  @Test
  void trailersPass() throws IOException {
    try (RunningProxy proxy =
            proxy(
                request -> {
                  HttpServerResponse response = request.response();
                  if (request.path().equals("/only")) {
                    response.putHeader("grpc-status", "5").end();
                  } else {
                    response.setChunked(true).write("x");
                    response.putTrailer("grpc-status", "0").end();
                  }
                });
        Wire client = proxy.connect()) {
      client.send("POST /t HTTP/1.1", "Host: h", "TE: trailers", "Content-Length: 0");
      Message answer = client.head();
      assertThat(client.readText(answer)).isEqualTo("x");
      assertThat(client.trailers()).containsExactly("grpc-status: 0");
      client.send("POST /only HTTP/1.1", "Host: h", "TE: trailers", "Content-Length: 0");
      answer = client.head();
      assertThat(answer.field("grpc-status")).isEqualTo("5");
      assertThat(client.readText(answer)).isEmpty();
    }
  }

  /** Asked of Netty, since Vert.x shows no trailers of requests. */
  @Test
  void trailersOfTheRequestPass() throws Exception {
    List<Http2Headers> fields = new CopyOnWriteArrayList<>();
    EventLoopGroup group = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    try {
      Channel listening =
          new ServerBootstrap()
              .group(group)
              .channel(NioServerSocketChannel.class)
              .childHandler(new FieldsServer(fields))
              .bind("127.0.0.1", 0)
              .sync()
              .channel();
      int port = ((InetSocketAddress) listening.localAddress()).getPort();
      Upstream url = new Upstream(false, "127.0.0.1", port, "");
      try (RunningProxy proxy =
              proxy(url, new Link(Protocol.H2C, Duration.ofSeconds(2), UpstreamTls.DEFAULT));
          Wire client = proxy.connect()) {
        client.send("POST / HTTP/1.1", "Host: h", "Transfer-Encoding: chunked", "Trailer: X-Sum");
        client.writeChunk("body");
        client.write("0\r\nX-Sum: 7\r\nX-Maglatch-Key-Id: forged\r\n\r\n");
        assertThat(client.head().status()).isEqualTo(204);
      }
    } finally {
      group.shutdownGracefully(0, 1, TimeUnit.SECONDS).sync();
    }
    assertThat(fields).hasSize(2);
    assertThat(fields.get(0).contains("transfer-encoding")).isFalse();
    assertThat(fields.get(1)).hasSize(1);
    assertThat(fields.get(1).get("x-sum")).hasToString("7");
  }

  /** Answers 204 when a request has ended, and keeps all fields that came. */
  private static final class FieldsServer extends ChannelInitializer<Channel> {
    private final List<Http2Headers> fields;

    FieldsServer(List<Http2Headers> fields) {
      this.fields = fields;
    }

    @Override
    protected void initChannel(Channel channel) {
      ChannelInitializer<Channel> stream =
          new ChannelInitializer<>() {
            @Override
            protected void initChannel(Channel opened) {
              opened.pipeline().addLast(new Keeper(fields));
            }
          };
      channel
          .pipeline()
          .addLast(Http2FrameCodecBuilder.forServer().build(), new Http2MultiplexHandler(stream));
    }
  }

  private static final class Keeper extends SimpleChannelInboundHandler<Http2StreamFrame> {
    private final List<Http2Headers> fields;

    Keeper(List<Http2Headers> fields) {
      this.fields = fields;
    }

    @Override
    protected void channelRead0(ChannelHandlerContext ctx, Http2StreamFrame frame) {
      if (frame instanceof Http2HeadersFrame headers) {
        fields.add(headers.headers());
        if (headers.isEndStream()) {
          ChannelFuture unused =
              ctx.writeAndFlush(
                  new DefaultHttp2HeadersFrame(new DefaultHttp2Headers().status("204"), true));
        }
      }
    }
  }

  @Test
  void bigBodiesPassBothWays() throws IOException {
    AtomicLong received = new AtomicLong();
    try (RunningProxy proxy =
            proxy(
                request -> {
                  request.handler(chunk -> received.addAndGet(chunk.length()));
                  request.endHandler(end -> request.response().end(Buffer.buffer(new byte[BIG])));
                });
        Wire client = proxy.connect()) {
      client.send("POST / HTTP/1.1", "Host: h", "Content-Length: " + BIG);
      client.out().write(new byte[BIG]);
      assertThat(client.readText(client.head())).hasSize(BIG);
    }
    assertThat(received.get()).isEqualTo(BIG);
  }

  /** One slow reader must not stop what others get over the same connection. */
  @Test
  void slowClientDoesNotStopTheOthers() throws IOException {
    try (RunningProxy proxy =
            proxy(
                request -> {
                  if (request.path().equals("/slow")) {
                    pourOut(request.response().putHeader("content-length", "40000000"));
                  } else {
                    request.response().end(Buffer.buffer(new byte[200_000]));
                  }
                });
        Wire slow = proxy.connect();
        Wire client = proxy.connect()) {
      slow.send("GET /slow HTTP/1.1", "Host: h");
      assertThat(slow.head().status()).isEqualTo(200);
      for (int i = 0; i < 5; i++) {
        client.send("GET /quick HTTP/1.1", "Host: h");
        assertThat(client.readText(client.head())).hasSize(200_000);
      }
    }
    assertThat(connections.get()).isEqualTo(1);
  }

  @Test
  void resetInsteadOfAnAnswerIs502AndLaterItIsACut() throws IOException {
    try (RunningProxy proxy =
            proxy(
                request -> {
                  if (request.path().equals("/later")) {
                    request.response().setChunked(true).write("x");
                    vertx.setTimer(50, passed -> request.response().reset(2));
                  } else {
                    request.response().reset(2);
                  }
                });
        Wire client = proxy.connect()) {
      client.send("POST / HTTP/1.1", "Host: h", "Content-Length: 0");
      Message answer = client.head();
      assertThat(answer.status()).isEqualTo(502);
      client.readText(answer);
      client.send("GET /later HTTP/1.1", "Host: h");
      Message begun = client.head();
      assertThat(begun.status()).isEqualTo(200);
      assertThatThrownBy(() -> client.readText(begun)).isInstanceOf(IOException.class);
    }
    assertThat(connections.get()).isEqualTo(1);
  }

  /** The server says that it has not looked at the request, but a body is not kept for long. */
  @Test
  void refusedStreamIsAskedAgainIfThereIsNoBody() throws IOException {
    AtomicInteger asked = new AtomicInteger();
    try (RunningProxy proxy =
            proxy(
                request -> {
                  if (asked.incrementAndGet() % 2 == 1) {
                    request.response().reset(Http2Error.REFUSED_STREAM.code());
                  } else {
                    request.response().end("ok");
                  }
                });
        Wire client = proxy.connect()) {
      client.send("GET / HTTP/1.1", "Host: h");
      assertThat(client.readText(client.head())).isEqualTo("ok");
      assertThat(asked).hasValue(2);
      client.send("POST / HTTP/1.1", "Host: h", "Content-Length: 0");
      assertThat(client.readText(client.head())).isEqualTo("ok");
      assertThat(asked).hasValue(4);
      client.send("POST / HTTP/1.1", "Host: h", "Content-Length: 4");
      client.write("body");
      assertThat(client.head().status()).isEqualTo(502);
      assertThat(asked).hasValue(5);
    }
  }

  /** What is owed to it is bounded: it is cut off, and meanwhile others see nothing of it. */
  @ParameterizedTest
  @ValueSource(ints = {FrameConnection.PING, FrameConnection.SETTINGS})
  void upstreamThatFloodsAndReadsNothingIsCutOff(int type) throws Exception {
    CountDownLatch cut = new CountDownLatch(1);
    try (ServerSocket listening = new ServerSocket(0, 5, InetAddress.getLoopbackAddress());
        UpstreamServer calm = new UpstreamServer()) {
      Thread flooding = new Thread(() -> flood(listening, type, cut));
      flooding.start();
      Upstream hostile = new Upstream(false, "127.0.0.1", listening.getLocalPort(), "");
      Link link = new Link(Protocol.H2C, Duration.ofSeconds(2), UpstreamTls.DEFAULT);
      Route flooded =
          Routes.with(
              Routes.named(BalancingTest.open(group(hostile, link)), "flooded"),
              new RouteMatch(null, PathPattern.prefix("/flooded"), Set.of()));
      try (RunningProxy proxy = new RunningProxy(flooded, RunningProxy.open(calm));
          Wire waiting = proxy.connect();
          Wire client = proxy.connect()) {
        waiting.send("POST /flooded HTTP/1.1", "Host: h", "Content-Length: 0");
        do {
          client.send("GET / HTTP/1.1", "Host: h");
          assertThat(client.readText(client.head())).isEqualTo("read 0");
        } while (!cut.await(10, TimeUnit.MILLISECONDS));
        assertThat(waiting.head().status()).isEqualTo(502);
      }
      flooding.join();
    }
  }

  private static void flood(ServerSocket listening, int type, CountDownLatch cut) {
    byte[] payload = new byte[type == FrameConnection.PING ? 8 : 0];
    Buffer frame = FrameConnection.frame(type, FrameConnection.NONE, 0, Buffer.buffer(payload));
    Buffer many = Buffer.buffer();
    for (int i = 0; i < 1_000; i++) {
      many.appendBuffer(frame);
    }
    try (Socket socket = listening.accept()) {
      socket
          .getOutputStream()
          .write(
              FrameConnection.frame(
                      FrameConnection.SETTINGS, FrameConnection.NONE, 0, Buffer.buffer())
                  .getBytes());
      while (true) {
        socket.getOutputStream().write(many.getBytes());
      }
    } catch (IOException expected) {
      cut.countDown();
    }
  }

  @Test
  void clientThatLeavesResetsItsStreamAlone() throws IOException {
    CountDownLatch arrived = new CountDownLatch(1);
    try (RunningProxy proxy =
            proxy(
                request -> {
                  if (request.path().equals("/wait")) {
                    request.exceptionHandler(resets::add);
                    request.response().exceptionHandler(resets::add);
                    request.response().setChunked(true).write("x");
                    arrived.countDown();
                  } else {
                    request.response().end("ok");
                  }
                });
        Wire client = proxy.connect()) {
      try (Wire leaving = proxy.connect()) {
        leaving.send("GET /wait HTTP/1.1", "Host: h");
        assertThat(leaving.head().status()).isEqualTo(200);
      }
      await()
          .untilAsserted(
              () -> assertThat(resets).hasAtLeastOneElementOfType(StreamResetException.class));
      client.send("GET / HTTP/1.1", "Host: h");
      assertThat(client.readText(client.head())).isEqualTo("ok");
    }
    assertThat(arrived.getCount()).isZero();
    assertThat(connections.get()).isEqualTo(1);
  }

  @Test
  void requestsBeyondTheStreamsOfAConnectionGetAnother() throws IOException {
    options.getInitialSettings().setMaxConcurrentStreams(2);
    List<HttpServerRequest> held = new CopyOnWriteArrayList<>();
    try (RunningProxy proxy = proxy(held::add);
        Wire first = proxy.connect()) {
      first.send("GET / HTTP/1.1", "Host: h"); // its connection has told its bound then
      await().until(() -> held.size() == 1);
      List<Wire> others = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        others.add(proxy.connect());
        others.get(i).send("GET / HTTP/1.1", "Host: h");
        int sent = i + 2;
        await().until(() -> held.size() == sent);
      }
      held.forEach(request -> vertx.runOnContext(now -> request.response().end("ok")));
      others.add(first);
      for (Wire client : others) {
        assertThat(client.readText(client.head())).isEqualTo("ok");
        client.close();
      }
    }
    assertThat(connections.get()).isEqualTo(3);
  }

  /** GOAWAY ends what comes after; what is under way goes on. */
  @Test
  void connectionThatIsShutDownIsReplaced() throws IOException {
    try (RunningProxy proxy =
            proxy(
                request -> {
                  request.response().end("ok");
                  if (request.path().equals("/last")) {
                    request.connection().shutdown();
                  }
                });
        Wire client = proxy.connect()) {
      for (String path : List.of("/last", "/last", "/next")) {
        client.send("GET " + path + " HTTP/1.1", "Host: h");
        assertThat(client.readText(client.head())).isEqualTo("ok");
      }
    }
    assertThat(connections.get()).isBetween(2, 3);
  }

  @Test
  void overTlsItIsAgreedOn() throws IOException {
    SelfSignedCertificate certificate = SelfSignedCertificate.create("localhost");
    String authority = Files.readString(Path.of(certificate.certificatePath()));
    UpstreamTls tls = new UpstreamTls(authority, null, null, null);
    for (boolean alpn : List.of(true, false)) {
      options =
          new HttpServerOptions()
              .setSsl(true)
              .setUseAlpn(alpn)
              .setKeyCertOptions(certificate.keyCertOptions());
      int port = listen(Http2UpstreamTest::describe);
      Upstream url = new Upstream(true, "localhost", port, "");
      try (RunningProxy proxy = proxy(url, new Link(Protocol.H2, Duration.ofSeconds(2), tls));
          Wire client = proxy.connect()) {
        client.send("GET /x HTTP/1.1", "Host: h");
        Message answer = client.head();
        assertThat(answer.status()).isEqualTo(alpn ? 201 : 502);
        if (alpn) {
          assertThat(client.readText(answer)).isEqualTo("HTTP_2 GET /x null https ");
        }
      }
    }
    certificate.delete();
  }

  @Test
  void serverThatSpeaksOnlyHttp1Is502() throws IOException {
    try (UpstreamServer old = new UpstreamServer();
        RunningProxy proxy =
            proxy(
                old.address(), new Link(Protocol.H2C, Duration.ofSeconds(2), UpstreamTls.DEFAULT));
        Wire client = proxy.connect()) {
      old.does((wire, request) -> wire.write("HTTP/1.1 400 Bad Request\r\n\r\n"));
      client.send("POST / HTTP/1.1", "Host: h", "Content-Length: 0");
      assertThat(client.head().status()).isEqualTo(502);
    }
  }

  /** Writes as long as somebody takes it. */
  private static void pourOut(HttpServerResponse response) {
    while (!response.writeQueueFull() && !response.closed()) {
      response.write(Buffer.buffer(new byte[10_000]));
    }
    response.drainHandler(drained -> pourOut(response));
  }

  private static void describe(HttpServerRequest request) {
    request
        .body()
        .onSuccess(
            body ->
                request
                    .response()
                    .setStatusCode(201)
                    .putHeader("x-two", "2")
                    .end(
                        String.join(
                            " ",
                            request.version() == HttpVersion.HTTP_2 ? "HTTP_2" : "HTTP_1",
                            request.method().name(),
                            request.uri(),
                            String.valueOf(request.getHeader("x-one")),
                            request.scheme(),
                            body.toString())));
  }

  private RunningProxy proxy(Handler<HttpServerRequest> handler) {
    Upstream url = new Upstream(false, "127.0.0.1", listen(handler), "");
    return proxy(url, new Link(Protocol.H2C, Duration.ofSeconds(2), UpstreamTls.DEFAULT));
  }

  private int listen(Handler<HttpServerRequest> handler) {
    HttpServer server =
        vertx
            .createHttpServer(options)
            .connectionHandler(connection -> connections.incrementAndGet())
            .requestHandler(handler);
    return RunningProxy.await(server.listen(0, "127.0.0.1")).actualPort();
  }

  private static RunningProxy proxy(Upstream url, Link link) {
    Route route = Route.catchAll(group(url, link), Route.Timeouts.DEFAULT, Route.UNLIMITED);
    return new RunningProxy(RunningProxy.with(route, Auth.NONE, Set.of()));
  }

  private static UpstreamGroup group(Upstream url, Link link) {
    return new UpstreamGroup("h2", List.of(new Target(url, 1)), Balance.LEAST_REQUESTS, link, null);
  }
}
