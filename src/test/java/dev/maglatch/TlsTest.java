// SPDX-License-Identifier: Apache-2.0
package dev.maglatch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.maglatch.postgres.TestDatabase;
import dev.maglatch.proxy.Certificates;
import dev.maglatch.proxy.Protocols.TlsFiles;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClientAgent;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.http.RequestOptions;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A whole gateway behind TLS, for clients of both versions of HTTP. */
class TlsTest {
  private static final String OWNER =
      "{\"email\":\"o@example.com\",\"password\":\"correct horse battery\"}";

  @TempDir private Path folder;

  /** One answer, read whole. */
  private record Answer(HttpVersion version, int status, String body) {}

  @Test
  void ownRoutesAndUpstreamsAreReachedOverBothVersions() {
    TlsFiles files = Certificates.write(folder);
    Map<String, String> settings =
        Map.of(
            "MAGLATCH_HTTP_TLS_CERTIFICATE", files.certificate().toString(),
            "MAGLATCH_HTTP_TLS_KEY", files.key().toString(),
            "MAGLATCH_SESSIONS_SIGNUP", "true");
    Vertx vertx = Vertx.vertx();
    try (TestDatabase database = TestDatabase.create();
        EchoUpstream upstream = new EchoUpstream();
        TestGateway gateway =
            TestGateway.begin(database.address(), upstream.url(), settings).awaitReady()) {
      String key = Tenant.in(database.address()).key(gateway.config());
      for (HttpVersion version : new HttpVersion[] {HttpVersion.HTTP_2, HttpVersion.HTTP_1_1}) {
        HttpClientAgent client = vertx.createHttpClient(options(version));
        int port = gateway.gateway.httpPort();

        Answer proxied = send(client, port, HttpMethod.POST, "/orders", "x".repeat(100_000), key);
        assertThat(proxied).isEqualTo(new Answer(version, 200, "hello"));
        Answer refused = send(client, port, HttpMethod.POST, "/orders", "{}", "mgp_no");
        assertThat(refused.status()).isEqualTo(401);
        Answer own =
            send(
                client,
                port,
                HttpMethod.POST,
                "/functions/v1/manage-api-keys",
                "{\"action\":\"list\"}",
                key);
        assertThat(own.status()).isEqualTo(200);
        assertThat(own.body()).contains("\"keys\"");
        Answer stranger =
            send(client, port, HttpMethod.POST, "/functions/v1/manage-api-keys", OWNER, "no");
        assertThat(stranger.status()).isEqualTo(401);
        Answer method = send(client, port, HttpMethod.GET, "/auth/v1/logout", null, key);
        assertThat(method.status()).isEqualTo(405);
        Answer head =
            send(client, port, HttpMethod.HEAD, "/_maglatch/forward-auth", null, "mgp_no");
        assertThat(head.status()).isEqualTo(401);
        Answer asked = send(client, port, HttpMethod.GET, "/_maglatch/forward-auth/x", null, key);
        assertThat(asked.status()).isEqualTo(200);
        Answer huge =
            send(client, port, HttpMethod.POST, "/auth/v1/signup", "x".repeat(200_000), key);
        assertThat(huge.status()).isEqualTo(413);
        assertThat(send(client, port, HttpMethod.GET, "/again", null, key).status()).isEqualTo(200);
      }
      assertThat(upstream.received.get(0).headers()).containsKey("X-forwarded-proto");
      assertThat(upstream.received.get(0).headers().get("X-forwarded-proto"))
          .containsExactly("https");
      long expiry = expiry(gateway);
      assertThat(expiry).isEqualTo(2_524_607_999L); // the end of 2049
    } finally {
      Await.result(vertx.close());
    }
  }

  private static long expiry(TestGateway gateway) {
    String sample = "maglatch_tls_certificate_expiry_time_seconds ";
    return gateway
        .ops("/metrics")
        .body()
        .lines()
        .filter(line -> line.startsWith(sample))
        .mapToLong(line -> (long) Double.parseDouble(line.substring(sample.length())))
        .sum();
  }

  private static HttpClientOptions options(HttpVersion version) {
    return new HttpClientOptions()
        .setSsl(true)
        .setTrustAll(true)
        .setVerifyHost(false)
        .setUseAlpn(true)
        .setProtocolVersion(version);
  }

  private static Answer send(
      HttpClientAgent client,
      int port,
      HttpMethod method,
      String path,
      @Nullable String body,
      String key) {
    RequestOptions options =
        new RequestOptions()
            .setMethod(method)
            .setHost("localhost")
            .setPort(port)
            .setURI(path)
            .putHeader("authorization", "Bearer " + key);
    return Await.result(
        client
            .request(options)
            .compose(request -> body == null ? request.send() : request.send(Buffer.buffer(body)))
            .compose(TlsTest::whole));
  }

  private static Future<Answer> whole(HttpClientResponse response) {
    return response
        .body()
        .map(body -> new Answer(response.version(), response.statusCode(), body.toString()));
  }
}
