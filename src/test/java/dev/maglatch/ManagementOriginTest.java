// SPDX-License-Identifier: Apache-2.0
package dev.maglatch;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import dev.maglatch.postgres.TestDatabase;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Own routes and upstreams on origins of their own, so that no page of one acts as the other. */
class ManagementOriginTest {
  private static final String ROUTE = "/functions/v1/manage-api-keys";
  private static final String QUESTION = "/_maglatch/forward-auth";
  private static TestDatabase database;
  private static EchoUpstream upstream;
  private static Tenant tenant;

  @BeforeAll
  static void start() {
    database = TestDatabase.create();
    tenant = Tenant.in(database.address());
    upstream = new EchoUpstream();
  }

  @AfterAll
  static void stop() {
    upstream.close();
    database.close();
  }

  private static TestGateway gateway(Map<String, String> settings) {
    return TestGateway.begin(database.address(), upstream.url(), settings).awaitReady();
  }

  @Test
  void listenerOfTheirOwnHasOwnRoutesAndNothingElse() throws IOException {
    try (TestGateway gateway =
        gateway(Map.of("MAGLATCH_MANAGEMENT_PORT", "0", "MAGLATCH_MANAGEMENT_HOST", "127.0.0.1"))) {
      int open = gateway.gateway.httpPort();
      int own = gateway.gateway.managementPort();
      String key = tenant.key(gateway.config());

      assertThat(own).isPositive().isNotEqualTo(open);
      assertThat(post(own, "h", ROUTE, key)).contains(" 200 ", "{\"keys\":[");
      assertThat(post(own, "h", "/orders", key)).contains(" 404 ");
      int before = upstream.received.size();
      assertThat(post(open, "h", ROUTE, key)).contains(" 200 ").endsWith("hello");
      assertThat(post(open, "h", "/auth/v1/token", key)).endsWith("hello");
      assertThat(post(open, "h", "/orders", key)).endsWith("hello");
      assertThat(upstream.received).hasSize(before + 3);
      assertThat(post(open, "h", QUESTION, key)).contains(" 200 ").contains("X-Maglatch-Key-Id");
      assertThat(post(open, "h", "/_maglatch/docs", key)).contains(" 404 ");
    }
  }

  @Test
  void hostOfTheirOwnHasOwnRoutesAndNothingElse() throws IOException {
    try (TestGateway gateway = gateway(Map.of("MAGLATCH_MANAGEMENT_HOST", "Keys.example."))) {
      int open = gateway.gateway.httpPort();
      String key = tenant.key(gateway.config());

      assertThat(gateway.gateway.managementPort()).isZero();
      assertThat(post(open, "keys.example", ROUTE, key)).contains(" 200 ", "{\"keys\":[");
      assertThat(post(open, "KEYS.example:8443", ROUTE, key)).contains(" 200 ", "{\"keys\":[");
      assertThat(post(open, "keys.example.", ROUTE, key)).contains(" 200 ", "{\"keys\":[");
      int before = upstream.received.size();
      assertThat(post(open, "keys.example", "/orders", key))
          .contains(" 404 ", "X-Request-Id", "\"code\":\"not_found\"");
      assertThat(upstream.received).hasSize(before);
      assertThat(post(open, "api.example", ROUTE, key)).endsWith("hello");
      assertThat(post(open, "keys.example.evil.example", ROUTE, key)).endsWith("hello");
      assertThat(post(open, "api.example", QUESTION, key)).contains(" 200 ");
    }
  }

  private static String post(int port, String host, String path, String key) throws IOException {
    String body = "{\"action\":\"list\"}";
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      socket.setSoTimeout(30_000);
      String head =
          "POST %s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nConnection: close\r\n"
              + "Content-Length: %d\r\n\r\n%s";
      socket
          .getOutputStream()
          .write(head.formatted(path, host, key, body.length(), body).getBytes(ISO_8859_1));
      return new String(socket.getInputStream().readAllBytes(), ISO_8859_1);
    }
  }
}
