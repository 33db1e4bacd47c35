// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.webhook;

import static java.util.Objects.requireNonNull;

import dev.maglatch.secret.SealedText;
import dev.maglatch.secret.Sealer;
import dev.maglatch.secret.Secret;
import dev.maglatch.webhook.DeliveryQueue.Claimed;
import io.netty.channel.ConnectTimeoutException;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.PoolOptions;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.net.PemTrustOptions;
import io.vertx.core.net.SocketAddress;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes attempts over HTTP/1.1. A name is resolved once for each attempt, all its addresses are
 * checked, and one of those is connected to, under the name's own {@code Host} and SNI.
 *
 * <p>What a receiver may do to us is bounded: time, size of head and body. Redirects are not
 * followed, nothing is decompressed. Runs on one event loop, which serves no requests.
 */
final class HttpCourier implements Courier {
  /** Leaves time for another address within an attempt. */
  static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(4);

  private static final Logger LOG = LoggerFactory.getLogger(HttpCourier.class);
  private static final int MAX_ADDRESSES = 3;
  private static final int MAX_HEAD_BYTES = 16 * 1024;
  private static final int MAX_STATUS_LINE = 4 * 1024;
  private static final int KEEP_ALIVE_SECONDS = 15;

  /** The same for a name without addresses and one with inner ones: nobody learns which it is. */
  private static final String NO_ADDRESS = "the name has no public address";

  private final Vertx vertx;
  private final HttpClient client;
  private final DestinationGuard guard;
  private final Names names;
  private final Sealer sealer;
  private final WebhookConfig config;
  private final InstantSource clock;
  private final Duration connectTimeout;

  /**
   * @param connectTimeout how long connecting to one address may take
   */
  HttpCourier(
      Vertx vertx,
      WebhookConfig config,
      Names names,
      Sealer sealer,
      InstantSource clock,
      Duration connectTimeout) {
    this.vertx = requireNonNull(vertx, "vertx");
    this.config = requireNonNull(config, "config");
    this.guard = new DestinationGuard(config);
    this.names = requireNonNull(names, "names");
    this.sealer = requireNonNull(sealer, "sealer");
    this.clock = requireNonNull(clock, "clock");
    this.connectTimeout = requireNonNull(connectTimeout, "connectTimeout");
    this.client =
        vertx
            .httpClientBuilder()
            .with(options(config, connectTimeout))
            .with(
                new PoolOptions()
                    .setHttp1MaxSize(config.perDestination())
                    .setMaxWaitQueueSize(config.maxInFlight()))
            .withConnectHandler(
                opened -> opened.exceptionHandler(broken -> {})) // each attempt tells of it
            .build();
  }

  private static HttpClientOptions options(WebhookConfig config, Duration connectTimeout) {
    HttpClientOptions options =
        new HttpClientOptions()
            .setConnectTimeout((int) connectTimeout.toMillis())
            .setKeepAliveTimeout(KEEP_ALIVE_SECONDS)
            .setMaxHeaderSize(MAX_HEAD_BYTES)
            .setMaxInitialLineLength(MAX_STATUS_LINE)
            .setDecompressionSupported(false)
            .setVerifyHost(true)
            .setTrustAll(false);
    if (config.trustedCertificates() != null) {
      options.setTrustOptions(
          new PemTrustOptions().addCertPath(config.trustedCertificates().toString()));
    }
    return options;
  }

  Future<Void> close() {
    return client.close();
  }

  @Override
  public Future<Attempt> attempt(Claimed delivery) {
    AttemptInProgress attempt = new AttemptInProgress(vertx, config.timeout(), clock);
    Target target = guard.target(requireNonNull(delivery.url(), "url"));
    if (target == null) {
      attempt.forbid("the URL is not allowed");
      return attempt.future();
    }
    List<Secret> secrets = open(delivery);
    if (secrets.isEmpty()) {
      attempt.leaveUnsent("the webhook secret cannot be opened");
      return attempt.future();
    }
    Letter letter = new Letter(target, delivery.eventId(), delivery.body(), secrets);
    admitted(target)
        .onSuccess(addresses -> connect(attempt, letter, addresses, 0))
        .onFailure(unknown -> attempt.fail(NO_ADDRESS));
    return attempt.future();
  }

  /** What is sent where, but for the moment. */
  private record Letter(Target target, UUID eventId, String body, List<Secret> secrets) {}

  /** Returns the addresses that may be connected to: all of the target's, or none. */
  private Future<List<InetAddress>> admitted(Target target) {
    List<InetAddress> known = guard.knownAddresses(target);
    return known != null
        ? Future.succeededFuture(known)
        : names.resolve(target.bareHost()).map(found -> guard.admitsAll(found) ? found : List.of());
  }

  /** Tries the addresses in turn until one takes a connection. Nothing was sent before that. */
  private void connect(
      AttemptInProgress attempt, Letter letter, List<InetAddress> addresses, int index) {
    if (index >= Math.min(MAX_ADDRESSES, addresses.size())) {
      attempt.failToConnect(NO_ADDRESS);
      return;
    }
    if (attempt.isOver()) {
      return;
    }
    long askedNanos = System.nanoTime();
    client
        .request(options(letter.target(), addresses.get(index)))
        .onSuccess(request -> send(attempt, letter, request))
        .onFailure(
            failure -> {
              attempt.notConnected(failure);
              boolean unheard = failure instanceof ConnectTimeoutException && isLate(askedNanos);
              connect(attempt, letter, addresses, unheard ? index : index + 1);
            });
  }

  /**
   * Whether more time has passed than connecting may take: the process stood still, and woke with
   * its timers, before it could look for what had come meanwhile.
   */
  private boolean isLate(long askedNanos) {
    return System.nanoTime() - askedNanos > connectTimeout.multipliedBy(5).dividedBy(4).toNanos();
  }

  private static RequestOptions options(Target target, InetAddress address) {
    return new RequestOptions()
        .setMethod(HttpMethod.POST)
        .setServer(SocketAddress.inetSocketAddress(new InetSocketAddress(address, target.port())))
        .setHost(target.bareHost())
        .setPort(target.port())
        .setSsl(target.tls())
        .setURI(target.path())
        .setFollowRedirects(false);
  }

  private void send(AttemptInProgress attempt, Letter letter, HttpClientRequest request) {
    if (!attempt.began(request)) {
      return;
    }
    Buffer body = Buffer.buffer(letter.body());
    Map<String, String> headers = headers(letter, body);
    headers.forEach(request::putHeader);
    attempt.sends(headers);
    request.send(body).onSuccess(attempt::answered).onFailure(attempt::broke);
  }

  private Map<String, String> headers(Letter letter, Buffer body) {
    Map<String, String> headers = new LinkedHashMap<>();
    headers.put("host", letter.target().authority());
    headers.put("user-agent", "Maglatch");
    headers.put("content-type", "application/json");
    headers.put("content-length", Integer.toString(body.length()));
    long now = clock.instant().getEpochSecond();
    headers.putAll(
        Signatures.headers(letter.secrets(), letter.eventId().toString(), now, body.getBytes()));
    return headers;
  }

  private List<Secret> open(Claimed delivery) {
    List<Secret> secrets = new ArrayList<>();
    for (SealedText sealed : delivery.secrets()) {
      Secret secret = sealer.open(sealed, delivery.keyId());
      if (secret == null) {
        LOG.error("webhook secret cannot be opened key_id={}", delivery.keyId());
      } else {
        secrets.add(secret);
      }
    }
    return secrets;
  }
}
