// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import static dev.maglatch.proxy.FrameConnection.DATA;
import static org.assertj.core.api.Assertions.assertThat;

import dev.maglatch.key.KeyKind;
import dev.maglatch.proxy.FrameConnection.Answer;
import dev.maglatch.proxy.UpstreamGroup.Balance;
import dev.maglatch.proxy.UpstreamGroup.Target;
import dev.maglatch.verify.Verdict;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * gRPC from end to end: HTTP/2 on both sides, messages in data frames, the status in trailers. See
 * the protocol description "gRPC over HTTP2".
 */
class GrpcTest {
  private static final String KEY = "mgp_good";
  private static final String HELLO = message("hello");
  private static final String WORLD = message("world");

  private final Vertx vertx = Vertx.vertx();
  private RunningProxy proxy = new RunningProxy();

  @BeforeEach
  void start() {
    proxy.close();
    HttpServer server =
        vertx
            .createHttpServer(new HttpServerOptions().setHttp2ClearTextEnabled(true))
            .requestHandler(GrpcTest::serve);
    int port = RunningProxy.await(server.listen(0, "127.0.0.1")).actualPort();
    UpstreamGroup group =
        new UpstreamGroup(
            "grpc",
            List.of(new Target(new Upstream(false, "127.0.0.1", port, ""), 1)),
            Balance.LEAST_REQUESTS,
            new UpstreamGroup.Link(
                UpstreamGroup.Protocol.H2C, Duration.ofSeconds(2), UpstreamTls.DEFAULT),
            null);
    proxy =
        RunningProxy.listening(
            Listeners.speaking(ListenerConfig.DEFAULT, new Protocols(null, true, true)),
            Route.catchAll(group, Route.Timeouts.DEFAULT, Route.UNLIMITED));
    proxy.credentials.at(KEY, Verdict.allowed(RunningProxy.principal(KeyKind.MGP)));
  }

  @AfterEach
  void stop() {
    proxy.close();
    RunningProxy.await(vertx.close());
  }

  @Test
  void unaryCallGetsItsMessageAndItsStatus() throws IOException {
    try (FrameConnection client = new FrameConnection(proxy.port())) {
      call(client, "/echo.Echo/Unary", KEY).data(1, true, HELLO);
      Answer answer = client.answer(1);
      assertThat(answer.status()).isEqualTo(200);
      assertThat(answer.field("content-type")).isEqualTo("application/grpc");
      assertThat(answer.body()).isEqualTo(HELLO);
      assertThat(answer.trailers())
          .containsExactlyInAnyOrderEntriesOf(
              Map.of("grpc-status", "0", "x-key", RunningProxy.KEY.toString(), "x-te", "trailers"));
    }
  }

  /** Each message is answered while the stream is open both ways. */
  @Test
  void messagesPassBothWaysAtTheSameTime() throws IOException {
    try (FrameConnection client = new FrameConnection(proxy.port())) {
      call(client, "/echo.Echo/Both", KEY).data(1, false, HELLO);
      client.until(DATA);
      assertThat(client.sofar(1).body()).isEqualTo(HELLO);
      assertThat(client.sofar(1).ended()).isFalse();
      client.data(1, true, WORLD);
      Answer answer = client.answer(1);
      assertThat(answer.body()).isEqualTo(HELLO + WORLD);
      assertThat(answer.trailers()).containsEntry("grpc-status", "0");
    }
  }

  /** An error of the service comes without a body: its head is all there is. */
  @Test
  void callThatFailsHasItsStatusInTheHead() throws IOException {
    try (FrameConnection client = new FrameConnection(proxy.port())) {
      call(client, "/echo.Echo/Fail", KEY).data(1, true, HELLO);
      Answer answer = client.answer(1);
      assertThat(answer.status()).isEqualTo(200);
      assertThat(answer.field("grpc-status")).isEqualTo("5");
      assertThat(answer.body()).isEmpty();
    }
  }

  /** Clients take an HTTP status without grpc-status for a status of their own: 401, 16. */
  @Test
  void callWithoutAGoodKeyIs401() throws IOException {
    try (FrameConnection client = new FrameConnection(proxy.port())) {
      call(client, "/echo.Echo/Unary", "mgp_bad").data(1, true, HELLO);
      Answer answer = client.answer(1);
      assertThat(answer.status()).isEqualTo(401);
      assertThat(answer.field("www-authenticate")).contains("invalid_token");
      assertThat(answer.field("grpc-status")).isEmpty();
    }
  }

  private static FrameConnection call(FrameConnection client, String method, String key)
      throws IOException {
    return client.post(
        1,
        method,
        "content-type",
        "application/grpc",
        "te",
        "trailers",
        "authorization",
        "Bearer " + key);
  }

  /** A message is one byte, its length in four, and itself. */
  private static String message(String text) {
    return "\0\0\0\0" + (char) text.length() + text;
  }

  private static void serve(HttpServerRequest request) {
    HttpServerResponse response = request.response();
    response.putHeader("content-type", "application/grpc");
    if (request.path().endsWith("/Fail")) {
      response.putHeader("grpc-status", "5").end();
      return;
    }
    response.setChunked(true);
    request.handler(response::write);
    request.endHandler(
        end -> {
          response.putTrailer("grpc-status", "0");
          response.putTrailer("x-te", String.valueOf(request.getHeader("te")));
          response.putTrailer("x-key", String.valueOf(request.getHeader("X-Maglatch-Key-Id")));
          response.end();
        });
  }
}
