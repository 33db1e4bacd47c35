// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.faults;

import static org.assertj.core.api.Assertions.assertThat;

import dev.maglatch.Await;
import dev.maglatch.proxy.RawConnection;
import dev.maglatch.testing.PlainClient.Answer;
import dev.maglatch.testing.TcpRelay;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerRequest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What a client sees of an upstream that fails, and an upstream of a client that leaves. */
@ExtendWith(SharedFleet.class)
final class UpstreamIT {
  private static final Duration SOON = Duration.ofSeconds(10);
  private static final String LAST_CHUNK = "0\r\n\r\n";
  private static final int MOST = 2;

  /** One gateway of few connections and little patience, in one test: it takes long to start. */
  @Test
  void upstreamFailsInEveryWayAndNothingIsLeftBehind(Fleet fleet) {
    Vertx vertx = Vertx.vertx();
    HttpServer upstream =
        Await.result(
            vertx.createHttpServer().requestHandler(UpstreamIT::answer).listen(0, "127.0.0.1"));
    try (TcpRelay relay = TcpRelay.to(upstream.actualPort());
        GatewayJvm gateway = impatient(fleet, "http://127.0.0.1:" + relay.port())) {
      gateway.start().awaitReady();
      Upstream side = new Upstream(relay, gateway, fleet.keys().key().token());
      side.refuses();
      side.stallsBeforeTheHead();
      side.stallsInTheBody();
      side.breaksOffInTheBody();
      side.halfClosesInTheBody();
      side.hasNoConnectionLeft();
      side.seesAClientLeave();
      assertThat(gateway.metric("maglatch_lease_held")).isOne();
      assertThat(gateway.metric("maglatch_requests_in_flight")).isZero();
    } finally {
      Await.result(vertx.close());
    }
  }

  private static GatewayJvm impatient(Fleet fleet, String upstream) {
    return new GatewayJvm(
        fleet.database().address(),
        upstream,
        Map.of(
            "MAGLATCH_EVENT_LOOPS", "1",
            "MAGLATCH_PROXY_HEAD_TIMEOUT", "1s",
            "MAGLATCH_PROXY_IDLE_TIMEOUT", "1s",
            "MAGLATCH_PROXY_MAX_CONNECTIONS", String.valueOf(MOST),
            "MAGLATCH_PROXY_MAX_WAITING", String.valueOf(MOST)));
  }

  /** {@code /half} begins a body and never ends it, {@code /never} does not even begin. */
  private static void answer(HttpServerRequest request) {
    switch (request.path()) {
      case "/half" -> request.response().setChunked(true).write("beginning");
      case "/never" -> {}
      default -> request.response().end("ok");
    }
  }

  /** The steps of the test: each begins and ends with an upstream that works. */
  private record Upstream(TcpRelay relay, GatewayJvm gateway, String token) {
    void refuses() {
      relay.refuse();
      relay.cut();
      Answer refused = gateway.get(token);
      assertThat(refused.status()).isEqualTo(502);
      assertThat(refused.body()).contains("bad_gateway");
      relay.heal();
      works();
    }

    void stallsBeforeTheHead() {
      relay.stall();
      Answer late = gateway.get(token);
      assertThat(late.status()).isEqualTo(504);
      assertThat(late.body()).contains("gateway_timeout");
      relay.heal();
      works();
    }

    void stallsInTheBody() {
      try (RawConnection client = half()) {
        assertThat(client.readToEnd()).doesNotContain(LAST_CHUNK);
      }
      works();
    }

    void breaksOffInTheBody() {
      try (RawConnection client = half()) {
        relay.cut();
        assertThat(client.readToEnd()).doesNotContain(LAST_CHUNK);
      }
      works();
    }

    void halfClosesInTheBody() {
      try (RawConnection client = half()) {
        relay.halfClose(TcpRelay.having("/half"));
        assertThat(client.readToEnd()).doesNotContain(LAST_CHUNK);
      }
      works();
    }

    /** As many as there may be are served or wait; the next is told so at once. */
    void hasNoConnectionLeft() {
      List<RawConnection> waiting = new ArrayList<>();
      for (int i = 0; i < MOST; i++) {
        waiting.add(ask("/never"));
      }
      Fleet.await(SOON, () -> relay.connections(TcpRelay.having("/never")) == MOST);
      for (int i = 0; i < MOST; i++) {
        waiting.add(ask("/never"));
      }
      Fleet.await(SOON, () -> gateway.metric("maglatch_requests_in_flight") == 2 * MOST);
      Answer oneTooMany = gateway.get(token);
      assertThat(oneTooMany.status()).isEqualTo(503);
      assertThat(oneTooMany.header("Retry-After")).isNotEmpty();
      for (RawConnection client : waiting) {
        assertThat(client.read().status()).isIn(503, 504);
        client.close();
      }
      works();
    }

    void seesAClientLeave() {
      RawConnection client = ask("/never");
      Fleet.await(SOON, () -> relay.connections(TcpRelay.having("/never")) == 1);
      client.close();
      Fleet.await(SOON, () -> relay.connections(TcpRelay.having("/never")) == 0);
      works();
    }

    private void works() {
      Answer answer = gateway.get(token);
      assertThat(answer.status()).isEqualTo(200);
      assertThat(answer.body()).isEqualTo("ok");
    }

    private RawConnection half() {
      RawConnection client = ask("/half");
      client.readUntil("beginning");
      return client;
    }

    private RawConnection ask(String path) {
      return new RawConnection(gateway.port())
          .send(
              "GET %s HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer %s\r\n\r\n"
                  .formatted(path, token));
    }
  }
}
