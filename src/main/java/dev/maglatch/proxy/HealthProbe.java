// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import static java.util.concurrent.TimeUnit.MILLISECONDS;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.net.HostAndPort;
import io.vertx.core.net.SocketAddress;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeoutException;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks one server again and again how it is. Each probe has a connection of its own, so that it
 * also finds out whether new ones can be made. Belongs to one event loop.
 */
final class HealthProbe {
  private static final Logger LOG = LoggerFactory.getLogger(HealthProbe.class);
  private static final CharSequence NAME = HttpHeaders.createOptimized("maglatch-health-check");

  private final Vertx vertx;
  private final TargetHealth health;
  private final HealthCheck check;
  private final RandomGenerator random;
  private final HttpVersion version;
  private final RequestOptions request;
  private HttpClient client;
  private int contradictions;
  private boolean stopped;
  private long timer = -1;

  HealthProbe(Vertx vertx, TargetHealth health, HealthCheck check, RandomGenerator random) {
    this.vertx = vertx;
    this.health = health;
    this.check = check;
    this.random = random;
    this.version =
        health.link().protocol() == UpstreamGroup.Protocol.HTTP1
            ? HttpVersion.HTTP_1_1
            : HttpVersion.HTTP_2;
    this.client = vertx.createHttpClient(options());
    this.request = request();
  }

  /** Begins soon: not at the same moment for all servers, and not in all replicas. */
  void start() {
    plan(random.nextDouble() / 10);
  }

  /** Asks no more. */
  void stop() {
    stopped = true;
    vertx.cancelTimer(timer);
    client.close();
  }

  private void plan(double intervals) {
    long millis = Math.max(1, Math.round(check.interval().toMillis() * intervals));
    timer = vertx.setTimer(millis, due -> probe().onComplete(this::asked));
  }

  private Future<HttpClientResponse> probe() {
    return client
        .request(request)
        .timeout(patience().toMillis(), MILLISECONDS)
        .onFailure(this::forgetIfLate)
        .compose(this::ask)
        .compose(this::requireGood);
  }

  private Duration patience() {
    return health.link().connectTimeout().plus(check.timeout());
  }

  /** Vert.x waits without end for a server that accepts and does not begin with HTTP/2. */
  private void forgetIfLate(Throwable cause) {
    if (cause instanceof TimeoutException && !stopped) {
      client.close();
      client = vertx.createHttpClient(options());
    }
  }

  private Future<HttpClientResponse> ask(HttpClientRequest asking) {
    asking.exceptionHandler(broken -> {}); // the future says it
    return asking
        .authority(HostAndPort.parseAuthority(health.url().authority(), -1))
        .putHeader(HttpHeaders.USER_AGENT, NAME)
        .send()
        .map(answer -> answer.exceptionHandler(broken -> {})) // nobody waits for its body
        .timeout(check.timeout().toMillis(), MILLISECONDS)
        .eventually(() -> asking.connection().close());
  }

  private Future<HttpClientResponse> requireGood(HttpClientResponse answer) {
    if (answer.version() != version) {
      return Future.failedFuture(new IOException("the server does not speak HTTP/2 (ALPN)"));
    }
    return check.expected().include(answer.statusCode())
        ? Future.succeededFuture(answer)
        : Future.failedFuture(new IOException("status " + answer.statusCode()));
  }

  private void asked(@Nullable HttpClientResponse good, @Nullable Throwable cause) {
    if (stopped) {
      return;
    }
    if ((good != null) == health.healthy()) {
      contradictions = 0;
    } else if (++contradictions == (good != null ? check.healthy() : check.unhealthy())) {
      contradictions = 0;
      turn(good != null, cause);
    }
    plan(0.9 + random.nextDouble() / 5);
  }

  private void turn(boolean well, @Nullable Throwable cause) {
    health.healthy(well);
    if (well) {
      LOG.info("upstream healthy upstream={} target={}", health.upstream(), health.target());
    } else {
      LOG.warn(
          "upstream unhealthy upstream={} target={} cause=\"{}\"",
          health.upstream(),
          health.target(),
          cause == null ? "" : cause.toString());
    }
  }

  private HttpClientOptions options() {
    return new HttpClientOptions()
        .setConnectTimeout((int) health.link().connectTimeout().toMillis())
        .setKeepAlive(false)
        .setProtocolVersion(version)
        .setHttp2ClearTextUpgrade(false)
        .setUseAlpn(version == HttpVersion.HTTP_2 && health.url().tls());
  }

  private RequestOptions request() {
    Upstream url = health.url();
    UpstreamGroup.Link link = health.link();
    String serverName = link.tls().serverName();
    RequestOptions options =
        new RequestOptions()
            .setServer(SocketAddress.inetSocketAddress(url.port(), url.host()))
            .setHost(serverName == null ? url.host() : serverName)
            .setPort(url.port())
            .setSsl(url.tls())
            .setURI(url.basePath() + check.path());
    List<String> protocols = version == HttpVersion.HTTP_2 ? List.of(Dialer.H2) : List.of();
    return url.tls() ? options.setSslOptions(Dialer.tlsOptions(link, protocols)) : options;
  }
}
