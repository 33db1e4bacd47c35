// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.maglatch.fault.Fault;
import dev.maglatch.key.KeyKind;
import dev.maglatch.settings.Settings;
import dev.maglatch.verify.Verdict;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Every refusal can be found again: by one id in the answer and in the access log. */
class RefusalIdTest {
  private static final String ROUTES =
      """
      - {name: small, path: /v1/small, max-body: 8, upstream: "http://127.0.0.1:1", auth: none}
      - {name: dead, path: /v1/dead, upstream: "http://127.0.0.1:1", auth: none}
      - {name: scoped, path: /v1/scoped, upstream: "http://127.0.0.1:1", scopes: [read-write]}
      - {name: guarded, path: /v1/guarded, upstream: "http://127.0.0.1:1"}
      """;

  private static final RunningProxy proxy = new RunningProxy(config());

  static {
    proxy.credentials.at("mgp_reads", Verdict.allowed(RunningProxy.principal(KeyKind.ORG, "read")));
    proxy.credentials.later(
        "mgp_nobody_knows",
        Future.failedFuture(Fault.of(Fault.Code.STORE_UNAVAILABLE, "no database", null)));
  }

  private static ProxyConfig config() {
    Settings settings = Settings.load(null, Map.of(), Map.of("proxy.routes", ROUTES));
    return ProxyConfig.read(settings.root().section("proxy"), Duration.ZERO);
  }

  @AfterAll
  static void stop() {
    proxy.close();
  }

  @ParameterizedTest
  @CsvSource({
    "400, GET, /v1/a/../b, Accept: a",
    "400, GET, /v1/guarded, a_b: c",
    "401, GET, /v1/guarded, Accept: a",
    "401, GET, /v1/guarded, Authorization: Bearer mgp_unknown",
    "403, GET, /v1/scoped, Authorization: Bearer mgp_reads",
    "403, POST, /v1/guarded, Authorization: Bearer mgp_reads",
    "404, GET, /v1/nowhere, Accept: a",
    "405, TRACE, /v1/guarded, Accept: a",
    "413, POST, /v1/small, Content-Length: 9",
    "502, GET, /v1/dead, Accept: a",
    "503, GET, /v1/guarded, Authorization: Bearer mgp_nobody_knows",
  })
  void refusalCarriesTheIdOfItsRequest(int status, String method, String path, String field)
      throws IOException {
    String id = "refused-" + status + "-" + proxy.log.size();
    try (Wire client = proxy.connect()) {
      client.write("%s %s HTTP/1.1\r\nHost: h\r\n%s\r\n".formatted(method, path, field));
      client.write("X-Request-Id: " + id + "\r\n\r\n");
      Message answer = client.head();

      assertThat(answer.status()).isEqualTo(status);
      assertThat(answer.field("x-request-id")).isEqualTo(id);
      assertThat(new JsonObject(client.readText(answer)).getString("requestId")).isEqualTo(id);
    }
    await()
        .atMost(Duration.ofSeconds(20))
        .until(() -> proxy.log.stream().anyMatch(entry -> entry.requestId().equals(id)));
  }

  /** One is made for a request that brings none, or one that could not be shown. */
  @ParameterizedTest
  @CsvSource({"Accept: a", "X-Request-Id: <script>"})
  void idIsMadeWhereThereIsNone(String field) throws IOException {
    try (Wire client = proxy.connect()) {
      client.write("GET /v1/nowhere HTTP/1.1\r\nHost: h\r\n" + field + "\r\n\r\n");
      Message answer = client.head();
      String id = String.valueOf(answer.field("x-request-id"));

      assertThat(id).matches("[A-Za-z0-9._-]{8,}");
      assertThat(new JsonObject(client.readText(answer)).getString("requestId")).isEqualTo(id);
    }
  }
}
