// SPDX-License-Identifier: Apache-2.0
package dev.maglatch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.maglatch.Gateway.Reloading;
import dev.maglatch.config.ConfigSource;
import dev.maglatch.config.ConfigSource.Reading;
import dev.maglatch.config.GatewayConfig;
import dev.maglatch.config.Mode;
import dev.maglatch.postgres.DatabaseAddress;
import dev.maglatch.settings.Settings;
import io.vertx.core.Future;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A gateway in this JVM, on free ports, with the settings of a test. */
final class TestGateway implements AutoCloseable {
  static final String MASTER = "bWFnbGF0Y2gtdGVzdC1tYWdsYXRjaC10ZXN0LW1hZ2xhdGNoLXRlc3Q=";
  private static final long WAIT_SECONDS = 30;

  private final HttpClient client =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .connectTimeout(Duration.ofSeconds(5))
          .build();
  final Gateway gateway;
  private final Future<Gateway> starting;

  private final GatewayConfig config;

  private TestGateway(Gateway gateway, GatewayConfig config) {
    this.gateway = gateway;
    this.config = config;
    this.starting = gateway.start();
  }

  /** Begins to start a gateway; {@link #awaitReady} waits for it. */
  static TestGateway begin(DatabaseAddress database, String upstream, Map<String, String> more) {
    Map<String, String> environment = environment(database, upstream);
    environment.putAll(more);
    GatewayConfig config = config(environment);
    return new TestGateway(new Gateway(config, "test"), config);
  }

  /** Begins to start a gateway that reads its routes again from {@code source}. */
  static TestGateway begin(ConfigSource source) {
    Reading first = source.read();
    assertThat(first.problems()).isEmpty();
    Reloading reloading = Reloading.from(source, first.settings());
    return new TestGateway(new Gateway(first.config(), "test", reloading), first.config());
  }

  /** Returns the variables that a gateway on free ports of this machine needs. */
  static Map<String, String> environment(DatabaseAddress database, String upstream) {
    Map<String, String> environment = new HashMap<>();
    environment.put("MAGLATCH_HTTP_HOST", "127.0.0.1");
    environment.put("MAGLATCH_HTTP_PORT", "0");
    environment.put("MAGLATCH_HTTP_DRAIN_DELAY", "0s");
    environment.put("MAGLATCH_WARM_UP", "0s");
    environment.put("MAGLATCH_OPS_HOST", "127.0.0.1");
    environment.put("MAGLATCH_OPS_PORT", "0");
    environment.put("MAGLATCH_DATABASE_URL", database.url());
    environment.put("MAGLATCH_DATABASE_USER", String.valueOf(database.user()));
    if (database.password() != null) {
      environment.put("MAGLATCH_DATABASE_PASSWORD", database.password().reveal());
    }
    environment.put("MAGLATCH_SECRETS_MASTER", MASTER);
    environment.put("MAGLATCH_PROXY_UPSTREAM", upstream);
    return environment;
  }

  static GatewayConfig config(Map<String, String> environment) {
    Settings settings = Settings.load(null, environment, Map.of());
    GatewayConfig config = GatewayConfig.read(settings, Mode.SERVE);
    assertThat(settings.problems().isEmpty()).as(settings.problems().toString()).isTrue();
    return config;
  }

  GatewayConfig config() {
    return config;
  }

  static TestGateway start(DatabaseAddress database, String upstream) {
    return begin(database, upstream, Map.of()).awaitReady();
  }

  TestGateway awaitReady() {
    await(starting);
    return this;
  }

  HttpResponse<String> get(String path, String... headers) {
    return documented(send(request(gateway.httpPort(), path, headers).GET().build()), null);
  }

  /** As {@link #get}, for answers out of rows that no route of ours could have written. */
  HttpResponse<String> getWhatever(String path, String... headers) {
    return send(request(gateway.httpPort(), path, headers).GET().build());
  }

  HttpResponse<String> post(String path, String body, String... headers) {
    return documented(
        send(
            request(gateway.httpPort(), path, headers).POST(BodyPublishers.ofString(body)).build()),
        body);
  }

  /**
   * Sends one request and does not wait for the answer.
   *
   * @param body null sends none
   * @param headers names and values in turn
   */
  CompletableFuture<HttpResponse<String>> sendLater(
      String method, String path, @Nullable String body, String... headers) {
    HttpRequest request =
        request(gateway.httpPort(), path, headers)
            .method(method, body == null ? BodyPublishers.noBody() : BodyPublishers.ofString(body))
            .build();
    return client
        .sendAsync(request, BodyHandlers.ofString())
        .thenApply(answer -> documented(answer, body));
  }

  /** Whatever a test asks for: an own route's answer is the one that the OpenAPI file tells. */
  private static HttpResponse<String> documented(
      HttpResponse<String> answer, @Nullable String body) {
    DocumentedTraffic.assertDocumented(HttpExchange.of(answer, body));
    return answer;
  }

  HttpResponse<String> delete(String path, String... headers) {
    return send(request(gateway.httpPort(), path, headers).DELETE().build());
  }

  HttpResponse<String> postOps(String path, String body, String... headers) {
    return send(
        request(gateway.opsPort(), path, headers).POST(BodyPublishers.ofString(body)).build());
  }

  HttpResponse<String> ops(String path) {
    HttpResponse<String> answer = send(request(gateway.opsPort(), path).GET().build());
    assertThat(DocumentedTraffic.ofOpsListener().problems(HttpExchange.of(answer, null))).isEmpty();
    return answer;
  }

  @Override
  public void close() {
    await(gateway.stop());
  }

  static <T> T await(Future<T> future) {
    return future
        .toCompletionStage()
        .toCompletableFuture()
        .orTimeout(WAIT_SECONDS, TimeUnit.SECONDS)
        .join();
  }

  private static HttpRequest.Builder request(int port, String path, String... headers) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
            .timeout(Duration.ofSeconds(WAIT_SECONDS));
    return headers.length == 0 ? request : request.headers(headers);
  }

  private HttpResponse<String> send(HttpRequest request) {
    try {
      return client.send(request, BodyHandlers.ofString());
    } catch (IOException broken) {
      throw new UncheckedIOException(broken);
    } catch (InterruptedException interrupted) {
      throw new IllegalStateException(interrupted);
    }
  }
}
