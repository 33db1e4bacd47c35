// SPDX-License-Identifier: Apache-2.0
package dev.maglatch;

import dev.maglatch.http.Cors;
import dev.maglatch.http.RequestIds;
import dev.maglatch.key.KeyKind;
import dev.maglatch.key.KeyPolicy;
import dev.maglatch.key.Principal;
import dev.maglatch.key.TokenHash;
import dev.maglatch.key.TokenShape;
import dev.maglatch.key.Tokens;
import dev.maglatch.limit.KeyLimits;
import dev.maglatch.limit.WindowLimits;
import dev.maglatch.ops.Metrics;
import dev.maglatch.ops.Readiness;
import dev.maglatch.proxy.AccessLog;
import dev.maglatch.proxy.Entrance;
import dev.maglatch.proxy.ListenerConfig;
import dev.maglatch.proxy.LiveRoutes;
import dev.maglatch.proxy.OwnRoutes;
import dev.maglatch.proxy.ProxyConfig;
import dev.maglatch.proxy.ProxyParts;
import dev.maglatch.proxy.ProxyVerticle;
import dev.maglatch.proxy.Upstream;
import dev.maglatch.secret.SecretRing;
import dev.maglatch.verify.CacheConfig;
import dev.maglatch.verify.ChangeClock;
import dev.maglatch.verify.CredentialVerifiers;
import dev.maglatch.verify.KeyStore;
import dev.maglatch.verify.KeyVerifier;
import dev.maglatch.verify.StoredKey;
import dev.maglatch.verify.Trust;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.NetServer;
import io.vertx.core.net.NetSocket;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends requests through a data plane of its own on loopback, so that the first requests of clients
 * find their code loaded and compiled.
 *
 * <p>It has a key, a store, an upstream and metrics of its own: nothing it does is counted, kept,
 * or seen by anybody. The classes are those that clients' requests go through.
 */
final class WarmUp {
  private static final Logger log = LoggerFactory.getLogger(WarmUp.class);
  private static final String LOOPBACK = "127.0.0.1";

  /** Vert.x: a free port, shared with no listener that asks by another number. */
  private static final int FREE_PORT = -3;

  private static final int CONNECTIONS = 4;

  /** For connections whose clients have closed already. */
  private static final Duration END = Duration.ofSeconds(1);

  private static final Buffer ANSWER =
      Buffer.buffer("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\nok!");
  private static final byte END_OF_ANSWER = '!';

  private final Vertx vertx;
  private final Trust trust;
  private final AtomicInteger answers = new AtomicInteger();
  private final SecureRandom random = new SecureRandom();
  private final Tokens tokens;
  private final String token;
  private volatile String plane = "";

  /**
   * @param trust that of the gateway: without a lease every request would ask the store
   */
  WarmUp(Vertx vertx, Trust trust) {
    this.vertx = vertx;
    this.trust = trust;
    byte[] master = new byte[32];
    random.nextBytes(master);
    SecretRing ring = SecretRing.derive(List.of(master));
    this.tokens = new Tokens(random, ring.checkKeys(), ring.peppers());
    this.token = tokens.mint(TokenShape.MGP);
  }

  /** Completes when {@code time} is over; never fails. */
  Future<Void> run(Duration time) {
    if (time.isZero()) {
      return Future.succeededFuture();
    }
    NetServer upstream = vertx.createNetServer().connectHandler(WarmUp::answer);
    NetClient clients = vertx.createNetClient();
    return upstream
        .listen(0, LOOPBACK)
        .compose(listening -> forward(new Upstream(false, LOOPBACK, listening.actualPort(), "")))
        .onSuccess(port -> IntStream.range(0, CONNECTIONS).forEach(i -> ask(clients, port)))
        .compose(asking -> vertx.timer(time.toMillis()))
        .onComplete(over -> log.info("warmed up requests={}", answers))
        .eventually(() -> Future.join(clients.close(), upstream.close()))
        .eventually(() -> vertx.undeploy(plane))
        .transform(over -> Future.succeededFuture());
  }

  /** Starts a data plane and returns its port. */
  private Future<Integer> forward(Upstream upstream) {
    Promise<Integer> port = Promise.promise();
    return vertx
        .deployVerticle(
            new ProxyVerticle(
                ListenerConfig.DEFAULT.at(LOOPBACK, FREE_PORT, Duration.ZERO, END),
                new Entrance(null, port::tryComplete),
                new LiveRoutes(ProxyConfig.to(upstream)),
                parts()))
        .onSuccess(id -> plane = id)
        .compose(deployed -> port.future());
  }

  private ProxyParts parts() {
    Metrics metrics = new Metrics("", new Readiness());
    KeyVerifier keys =
        new KeyVerifier(
            tokens,
            new OneKey(tokens.storedNow(Tokens.sha256(token))),
            new ChangeClock(),
            trust,
            new KeyVerifier.Times(InstantSource.system(), System::nanoTime),
            CacheConfig.DEFAULT,
            false,
            metrics.verify());
    return new ProxyParts(
        new CredentialVerifiers(keys, keys),
        KeyLimits.NONE,
        WindowLimits.NONE,
        credential -> false,
        (keyId, atMillis, address, userAgent) -> {},
        OwnRoutes.NONE,
        Cors.OFF,
        new RequestIds(random),
        metrics.proxy(List.of()),
        AccessLog.NONE,
        InstantSource.system(),
        System::nanoTime);
  }

  /** Sends the next request when the last one was answered, until the client is closed. */
  private void ask(NetClient client, int port) {
    Buffer request =
        Buffer.buffer(
            "GET /warm-up HTTP/1.1\r\nHost: "
                + LOOPBACK
                + "\r\nUser-Agent: maglatch\r\nAccept: */*\r\nAuthorization: Bearer "
                + token
                + "\r\n\r\n");
    client
        .connect(port, LOOPBACK)
        .onSuccess(
            socket -> {
              socket.handler(
                  answer -> {
                    if (answer.getByte(answer.length() - 1) == END_OF_ANSWER) {
                      answers.incrementAndGet();
                      socket.write(request);
                    }
                  });
              socket.write(request);
            });
  }

  private static void answer(NetSocket socket) {
    socket.handler(request -> socket.write(ANSWER));
  }

  /** A store with one key. */
  private static final class OneKey implements KeyStore {
    private final StoredKey key;

    OneKey(TokenHash hash) {
      Principal somebody =
          new Principal(
              Principal.Method.API_KEY,
              UUID.randomUUID(),
              KeyKind.MGP,
              UUID.randomUUID(),
              UUID.randomUUID(),
              null,
              Set.of(),
              List.of(),
              null,
              true,
              KeyPolicy.NONE);
      this.key = new StoredKey(somebody, hash, null, null, null, false);
    }

    @Override
    public Future<Optional<StoredKey>> find(List<TokenHash> candidates) {
      return Future.succeededFuture(
          candidates.contains(key.storedHash()) ? Optional.of(key) : Optional.empty());
    }

    @Override
    public Future<Void> rehash(UUID keyId, TokenHash from, TokenHash to, String pepper) {
      return Future.succeededFuture();
    }
  }
}
