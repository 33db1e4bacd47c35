// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.ops;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import dev.maglatch.Await;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class OpsServerTest {
  private static final HttpClient CLIENT = HttpClient.newHttpClient();

  private static Vertx vertx;

  private final Readiness readiness = new Readiness();
  private OpsServer server;
  private int port;

  @BeforeAll
  static void startVertx() {
    vertx = Vertx.vertx();
  }

  @AfterAll
  static void stopVertx() {
    Await.result(vertx.close());
  }

  @BeforeEach
  void start() {
    List<OpsRoute> more =
        List.of(
            OpsRoute.post(
                "/_maglatch/events",
                request ->
                    request.body().onSuccess(body -> request.response().setStatusCode(202).end())),
            OpsRoute.get("/docs/", request -> request.response().end(request.path())));
    Metrics metrics = new Metrics("1.2.3", readiness);
    server = new OpsServer(vertx, vertx, new OpsConfig("127.0.0.1", 0), readiness, metrics, more);
    port = Await.result(server.start());
  }

  @AfterEach
  void stop() {
    Await.result(server.stop());
  }

  @Test
  void livenessAsksNothing() throws Exception {
    HttpResponse<String> answer = get("/livez");

    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.body()).isEqualTo("{\"status\":\"alive\"}");
  }

  /** A process whose requests hang for good is to be started anew, however well it can say so. */
  @Test
  void livenessWaitsForAnEventLoopThatServes() throws Exception {
    Vertx serving = Vertx.vertx(new VertxOptions().setEventLoopPoolSize(1));
    OpsServer beside =
        new OpsServer(
            vertx,
            serving,
            new OpsConfig("127.0.0.1", 0),
            readiness,
            new Metrics("1.2.3", readiness),
            List.of());
    CountDownLatch turning = new CountDownLatch(1);
    try {
      URI there = URI.create("http://127.0.0.1:" + Await.result(beside.start()));
      serving.getOrCreateContext().runOnContext(stuck -> awaitUninterruptibly(turning));

      CompletableFuture<HttpResponse<String>> alive =
          CLIENT.sendAsync(
              HttpRequest.newBuilder(there.resolve("/livez")).build(), BodyHandlers.ofString());
      HttpRequest other = HttpRequest.newBuilder(there.resolve("/metrics")).build();
      assertThat(CLIENT.send(other, BodyHandlers.ofString()).statusCode()).isEqualTo(200);
      assertThat(alive).isNotDone();
      turning.countDown();

      assertThat(alive.get(30, SECONDS).statusCode()).isEqualTo(200);
    } finally {
      turning.countDown();
      Await.result(beside.stop());
      Await.result(serving.close());
    }
  }

  private static void awaitUninterruptibly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  @Test
  void readinessSaysWhatTheStartWaitsFor() throws Exception {
    readiness.waitingFor("database");

    HttpResponse<String> answer = get("/readyz");

    assertThat(answer.statusCode()).isEqualTo(503);
    assertThat(answer.body()).isEqualTo("{\"status\":\"starting\",\"reason\":\"database\"}");
    assertThat(answer.headers().firstValue("Content-Type")).hasValue("application/json");
  }

  /** Else an orchestrator would take away the very replicas that still serve. */
  @Test
  void lossOfTheDatabaseAloneKeepsAReadyReplicaReady() throws Exception {
    readiness.ready();
    assertThat(get("/readyz").body()).isEqualTo("{\"status\":\"ready\"}");

    readiness.degraded("database", true);
    HttpResponse<String> answer = get("/readyz");
    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.body()).isEqualTo("{\"status\":\"ready\",\"degraded\":[\"database\"]}");

    readiness.degraded("database", false);
    assertThat(get("/readyz").body()).isEqualTo("{\"status\":\"ready\"}");
  }

  @Test
  void drainingIsForGood() throws Exception {
    readiness.ready();
    readiness.draining();
    readiness.ready();
    readiness.waitingFor("database");

    HttpResponse<String> answer = get("/readyz");

    assertThat(answer.statusCode()).isEqualTo(503);
    assertThat(answer.body()).isEqualTo("{\"status\":\"draining\",\"reason\":\"shutting down\"}");
    assertThat(get("/livez").statusCode()).isEqualTo(200);
  }

  @Test
  void scrapeIsPrometheusTextUnlessOpenMetricsIsAccepted() throws Exception {
    HttpResponse<String> prometheus = get("/metrics");
    HttpResponse<String> openMetrics =
        send(
            HttpRequest.newBuilder(uri("/metrics"))
                .header("Accept", "application/openmetrics-text;version=1.0.0,text/plain;q=0.5"));

    assertThat(prometheus.headers().firstValue("Content-Type"))
        .hasValue("text/plain; version=0.0.4; charset=utf-8");
    assertThat(prometheus.body())
        .contains("maglatch_build_info{version=\"1.2.3\"} 1")
        .doesNotContain("# EOF");
    assertThat(openMetrics.headers().firstValue("Content-Type"))
        .hasValue("application/openmetrics-text; version=1.0.0; charset=utf-8");
    assertThat(openMetrics.body()).endsWith("# EOF\n");
  }

  @Test
  void everySeriesBearsOurName() throws Exception {
    String scrape = get("/metrics").body();

    assertThat(scrape.lines().filter(line -> !line.startsWith("#")))
        .isNotEmpty()
        .allMatch(line -> line.startsWith("maglatch_"));
  }

  @Test
  void otherPathsAreNotFound() throws Exception {
    assertThat(get("/").statusCode()).isEqualTo(404);
    assertThat(get("/metrics/").statusCode()).isEqualTo(404);
    assertThat(get("/docs").statusCode()).isEqualTo(404);
  }

  @Test
  void wrongMethodsSayWhichAreAllowed() throws Exception {
    HttpResponse<String> post =
        send(HttpRequest.newBuilder(uri("/metrics")).POST(BodyPublishers.ofString("x")));
    HttpResponse<String> get = get("/_maglatch/events");

    assertThat(post.statusCode()).isEqualTo(405);
    assertThat(post.headers().firstValue("Allow")).hasValue("GET, HEAD");
    assertThat(get.statusCode()).isEqualTo(405);
    assertThat(get.headers().firstValue("Allow")).hasValue("POST");
  }

  @Test
  void headAnswersLikeGetWithoutABody() throws Exception {
    readiness.ready();

    for (String path : List.of("/livez", "/readyz", "/metrics")) {
      HttpResponse<String> answer =
          send(HttpRequest.newBuilder(uri(path)).method("HEAD", BodyPublishers.noBody()));
      assertThat(answer.statusCode()).isEqualTo(200);
      assertThat(answer.body()).isEmpty();
    }
  }

  @Test
  void routesOfOthersAreServed() throws Exception {
    HttpResponse<String> event =
        send(HttpRequest.newBuilder(uri("/_maglatch/events")).POST(BodyPublishers.ofString("{}")));

    assertThat(event.statusCode()).isEqualTo(202);
    assertThat(get("/docs/a/b.css").body()).isEqualTo("/docs/a/b.css");
  }

  @Test
  void takenPortFailsTheStart() throws IOException {
    try (ServerSocket taken = new ServerSocket(0)) {
      OpsConfig config = new OpsConfig("0.0.0.0", taken.getLocalPort());
      Metrics metrics = new Metrics("1.2.3", readiness);
      OpsServer second = new OpsServer(vertx, vertx, config, readiness, metrics, List.of());

      assertThat(Await.failure(second.start())).hasMessageContaining("in use");
    }
  }

  private HttpResponse<String> get(String path) throws IOException, InterruptedException {
    return send(HttpRequest.newBuilder(uri(path)));
  }

  private static HttpResponse<String> send(HttpRequest.Builder request)
      throws IOException, InterruptedException {
    return CLIENT.send(request.build(), BodyHandlers.ofString());
  }

  private URI uri(String path) {
    return URI.create("http://127.0.0.1:" + port + path);
  }
}
