// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.net.SelfSignedCertificate;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Upstreams behind TLS that must not be believed. */
class TlsUpstreamTest {
  @Test
  void certificateThatNobodyVouchesForIs502() throws IOException {
    SelfSignedCertificate certificate = SelfSignedCertificate.create("localhost");
    Vertx vertx = Vertx.vertx();
    try {
      HttpServer server =
          RunningProxy.await(
              vertx
                  .createHttpServer(
                      new HttpServerOptions()
                          .setSsl(true)
                          .setKeyCertOptions(certificate.keyCertOptions()))
                  .requestHandler(request -> request.response().end("believed"))
                  .listen(0, "127.0.0.1"));
      assertThat(statusThrough("https://localhost:" + server.actualPort())).isEqualTo(502);
    } finally {
      RunningProxy.await(vertx.close());
      certificate.delete();
    }
  }

  @Test
  void handshakeThatIsNeverAnsweredIs504() throws IOException {
    try (ServerSocket silent = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
      assertThat(statusThrough("https://127.0.0.1:" + silent.getLocalPort())).isEqualTo(504);
    }
  }

  private static int statusThrough(String url) throws IOException {
    Route.Timeouts timeouts =
        new Route.Timeouts(Duration.ofMillis(700), Duration.ofSeconds(5), Duration.ofSeconds(5));
    Route route = Route.catchAll(requireNonNull(Upstream.parse(url)), timeouts, Route.UNLIMITED);
    try (RunningProxy proxy = new RunningProxy(RunningProxy.with(route, Auth.NONE, Set.of()));
        Wire client = proxy.connect()) {
      client.send("GET / HTTP/1.1", "Host: h");
      return client.head().status();
    }
  }
}
